//! The site's own colour, made readable on both grounds.

use crate::web::assets;
use std::sync::Arc;

/// Least contrast of text (WCAG 2.2, 1.4.3, AA), with room for the tinted grounds.
const LEAST: f64 = 5.0;

/// The sheet and the tinted ground in the light scheme; text has to be readable on both.
const LIGHT: [[u8; 3]; 2] = [[0xff, 0xff, 0xff], [0xe9, 0xef, 0xf7]];

/// The same in the dark scheme.
const DARK: [[u8; 3]; 2] = [[0x19, 0x21, 0x2b], [0x22, 0x30, 0x3f]];

type Rgb = [u8; 3];

/// The style sheet with the site's own colour, and where it is served.
#[derive(Clone, Debug)]
pub struct Accent {
    /// Path.
    pub url: String,
    /// Content.
    pub css: Arc<str>,
}

impl Accent {
    /// For one colour.
    pub fn of(colour: Rgb) -> Self {
        let css = sheet(colour);
        let file = assets::hashed("accent.css", css.as_bytes());
        Self { url: format!("/assets/{file}"), css: css.into() }
    }
}

/// A style sheet that sets the colours of buttons and links from one colour.
fn sheet(accent: Rgb) -> String {
    let light = toward(accent, [0, 0, 0], &LIGHT);
    let dark = toward(accent, [0xff, 0xff, 0xff], &DARK);
    let rules = |on: Rgb, over: Rgb, text: Rgb| {
        format!("--accent:{};--accent-over:{};--on-accent:{}", css(on), css(over), css(text))
    };
    let day = rules(light, mix(light, [0, 0, 0], 0.25), [0xff; 3]);
    let night = rules(dark, mix(dark, [0xff; 3], 0.35), [0x0b, 0x14, 0x16]);
    format!(":root{{{day}}}@media (prefers-color-scheme:dark){{:root{{{night}}}}}")
}

/// `colour`, as far toward `end` as it takes to be readable on all of `grounds`.
fn toward(colour: Rgb, end: Rgb, grounds: &[Rgb]) -> Rgb {
    let readable = |c: &Rgb| grounds.iter().all(|ground| contrast(*c, *ground) >= LEAST);
    (0..=20).map(|step| mix(colour, end, f64::from(step) / 20.0)).find(readable).unwrap_or(end)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes there are only bytes")]
fn mix(from: Rgb, to: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| (f64::from(from[i]) * (1.0 - share) + f64::from(to[i]) * share).round() as u8)
}

/// WCAG 2.2, "contrast ratio".
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2.2, "relative luminance".
fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = colour.map(|byte| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn css([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast([0; 3], [0xff; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([0x76; 3], [0xff; 3]) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_colour_becomes_readable() {
        for accent in [[0xff, 0xff, 0], [0, 0, 0], [0xff; 3], [0x1f, 0x5f, 0xae], [0xff, 0, 0x80]] {
            let light = toward(accent, [0; 3], &LIGHT);
            let dark = toward(accent, [0xff; 3], &DARK);
            assert!(LIGHT.iter().all(|ground| contrast(light, *ground) >= LEAST), "{accent:?}");
            assert!(DARK.iter().all(|ground| contrast(dark, *ground) >= LEAST), "{accent:?}");
            assert!(contrast(dark, [0x0b, 0x14, 0x16]) >= LEAST, "{accent:?}");
        }
    }
}
