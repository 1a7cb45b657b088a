//! The hosted pages in a real browser.

mod gallery;

#[test]
fn dump() {
    let Some(dir) = std::env::var_os("COUNTERSIGN_TEST_PICTURES") else { return };
    for locale in countersign::text::Locale::ALL {
        for picture in gallery::pictures(locale) {
            let at = std::path::Path::new(&dir).join(locale.tag());
            std::fs::create_dir_all(&at).unwrap();
            std::fs::write(at.join(format!("{}.html", picture.name)), picture.html).unwrap();
        }
    }
}
