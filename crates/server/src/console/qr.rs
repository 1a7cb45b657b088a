//! A QR code as SVG: one path, no script, no style.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// Light modules around it (ISO/IEC 18004: four).
const QUIET: i32 = 4;

/// The code of a text; `None` for one that is too long (2 331 bytes at medium correction).
pub fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    let side = size + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code for your authenticator app\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_one_path_on_white() {
        let svg = svg("otpauth://totp/Example:ana?secret=ABC").unwrap();
        assert!(svg.starts_with("<svg class=\"qr\"") && svg.ends_with("</svg>") && !svg.contains("style"));
        assert!(super::svg(&"a".repeat(3000)).is_none());
    }
}
