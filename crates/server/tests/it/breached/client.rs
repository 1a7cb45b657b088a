//! A client by others (hibp, from npm) asks our range API instead of Pwned Passwords.

use super::{LEAKED, file};
use crate::support::site::Site;
use crate::support::{node, not_run};
use countersign_core::breached::{Form, HashKind};
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = "
const { pwnedPassword } = require(process.argv[1] + '/hibp');
const [baseUrl, leaked] = process.argv.slice(2);
(async () => {
  const counts = [];
  for (const addPadding of [false, true])
    for (const password of [leaked, 'password', 'gravel umbrella 42 thistle'])
      counts.push(await pwnedPassword(password, { baseUrl, addPadding }));
  console.log(counts.join(' '));
})();
";

#[tokio::test(flavor = "multi_thread")]
async fn hibp_finds_what_leaked_and_nothing_else() {
    let modules = std::env::var_os("COUNTERSIGN_TEST_NODE_MODULES").filter(|dir| Path::new(dir).join("hibp").is_dir());
    let (Some(node), Some(modules)) = (node(), modules) else {
        return not_run("the range API with the client hibp", "npm install hibp@14, and COUNTERSIGN_TEST_NODE_MODULES");
    };
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), Form::Ranges, HashKind::Sha1, &[(LEAKED, 42), ("password", 9_545_824)]);
    let settings =
        [("COUNTERSIGN_PASSWORD__BREACHED_FILE", path.to_str().unwrap()), ("COUNTERSIGN_PASSWORD__RANGE_API", "true")];
    let site = Site::start(&settings).await;
    let mut run = Command::new(node);
    run.arg("-e").arg(SCRIPT).arg(modules).arg(&site.origin).arg(LEAKED);
    let output = tokio::task::spawn_blocking(move || run.output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42 9545824 0 42 9545824 0\n", "{output:?}");
}
