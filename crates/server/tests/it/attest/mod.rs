//! Witnesses and time stamps: our client, our server, and those of others, over real sockets.

mod by_others;
mod client;
mod killed;
mod log;
mod published;
mod server;
mod strange;
mod time_stamp;

use countersign::attest::{Answer, Asked, Http, Ours, Outcome, Round, Witness, gather};
use countersign_evidence::note::VerifierKey;
use log::TestLog;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// No answer on this machine takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(30);

fn http() -> Http {
    Http::new(None, PATIENCE).unwrap()
}

/// `countersign witness serve` as a process of its own; killed when the test ends.
struct Running {
    child: Child,
    /// `http://127.0.0.1:port`
    url: String,
    key: VerifierKey,
}

impl Running {
    fn start(data: &Path, logs: &[&VerifierKey]) -> Self {
        Self::listening(command(data, logs))
    }

    /// The same below a program that looks on.
    fn traced(mut tracer: Command, command: &Command) -> Self {
        tracer.arg(command.get_program()).args(command.get_args()).current_dir(command.get_current_dir().unwrap());
        Self::listening(tracer)
    }

    fn listening(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = format!("http://{}", said["address"].as_str().unwrap());
        Self { child, url, key: VerifierKey::parse(said["key"].as_str().unwrap()).unwrap() }
    }

    fn client(&self) -> Witness {
        Witness::new("ours", self.key.clone(), &self.url, &http()).unwrap()
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it had ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data: &Path, logs: &[&VerifierKey]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["witness", "serve", "--json", "--listen", "127.0.0.1:0", "--name", "witness.example.org", "--data"]);
    command.arg(data).env_clear().current_dir(data);
    for log in logs {
        command.args(["--log", &log.to_string()]);
    }
    command
}

/// One round over `witnesses`, each asked from `old`.
async fn round(log: &TestLog, witnesses: &[(&Witness, u64)]) -> Vec<Answer> {
    let (keys, checkpoint, proofs) = (log.keys(), log.checkpoint(), |old| log.proof(old));
    let ours = Ours { origin: log.origin(), keys: &keys, head: log.head(), proofs: &proofs };
    let asked: Vec<Asked<'_>> = witnesses.iter().map(|(witness, old)| Asked { witness, old: *old }).collect();
    gather(&asked, &Round { ours, checkpoint: &checkpoint, within: PATIENCE }).await
}

/// One round with one witness.
async fn ask(log: &TestLog, witness: &Witness, old: u64) -> Answer {
    round(log, &[(witness, old)]).await.remove(0)
}

fn is_cosigned(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Cosigned { .. })
}

fn status(answer: &Answer) -> u16 {
    match &answer.outcome {
        Outcome::Refused { status, .. } => *status,
        other => panic!("{other:?}"),
    }
}
