//! What strangers call their files, made harmless: one name without a way to it, that looks like what it is.

/// So that it fits into any folder, and its ending is seen.
const BYTES_MAX: usize = 120;

/// The last part of `name`, without controls and marks that turn text around. An empty one is named after its content type.
pub fn harmless(name: &str, content_type: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim_matches(is_dust).is_empty());
    let kept = last.unwrap_or_default().chars().filter(|letter| !is_hidden(*letter));
    let kept: String = kept.map(|letter| if is_special(letter) { '_' } else { letter }).collect();
    let kept = kept.trim_matches(is_dust);
    if kept.is_empty() {
        return format!("attachment.{}", ending_of(content_type));
    }
    let kept = if is_device(kept) { format!("_{kept}") } else { kept.to_owned() };
    shortened(&kept)
}

/// In lower case and without parameters; what is no content type is just bytes.
pub fn content_type(text: &str) -> String {
    let text = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token = |token: &str| {
        !token.is_empty()
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let is_one = text.len() <= 127
        && text.split_once('/').is_some_and(|(kind, rest)| is_token(kind) && is_token(rest));
    if is_one { text } else { "application/octet-stream".to_owned() }
}

/// Controls, and what is not seen but changes how the rest is read: `exe.gpj` must not look like `jpg.exe`.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What a shell, a header or another system's files may stumble over.
fn is_special(letter: char) -> bool {
    matches!(letter, '"' | '*' | ':' | '<' | '>' | '?' | '|' | ';' | '%' | '$' | '`' | '&')
}

/// Names neither begin nor end with it.
fn is_dust(letter: char) -> bool {
    letter.is_whitespace() || letter == '.' || is_hidden(letter)
}

/// What Windows takes for a device, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

fn shortened(name: &str) -> String {
    if name.len() <= BYTES_MAX {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut end = (BYTES_MAX - ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

fn ending_of(content_type: &str) -> &str {
    match content_type {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "message/rfc822" => "eml",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "application/pdf" => "pdf",
        _ => match content_type.split_once('/') {
            Some(("image" | "audio" | "video", kind))
                if kind.len() <= 5 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                kind
            }
            _ => "bin",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evil_names_of_files_become_harmless() {
        let table = [
            ("report.pdf", "report.pdf"),
            ("Angebot für Müller.pdf", "Angebot für Müller.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\evil.dll", "evil.dll"),
            ("/", "attachment.bin"),
            ("..", "attachment.bin"),
            (". . .", "attachment.bin"),
            ("", "attachment.bin"),
            ("invoice.pdf/", "invoice.pdf"),
            (".htaccess", "htaccess"),
            ("name.\u{202e}gpj.exe", "name.gpj.exe"),
            ("a\0b\r\nContent-Type: x", "abContent-Type_ x"),
            ("line\nbreak\u{2028}.txt", "linebreak.txt"),
            ("quote\".txt", "quote_.txt"),
            ("$(rm -rf).txt", "_(rm -rf).txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1.jpg", "_com1.jpg"),
            ("command.jpg", "command.jpg"),
            ("  spaces .txt  ", "spaces .txt"),
            ("\u{200b}\u{feff}", "attachment.bin"),
        ];
        for (evil, expected) in table {
            assert_eq!(harmless(evil, "application/octet-stream"), expected, "{evil:?}");
        }
        assert_eq!(harmless("", "image/png"), "attachment.png");
        assert_eq!(harmless("", "image/x-evil/../png"), "attachment.bin");
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_ending() {
        let long = harmless(&format!("{}.pdf", "ü".repeat(500)), "application/pdf");
        assert!(long.len() <= BYTES_MAX && long.ends_with("ü.pdf"), "{long}");
        let long = harmless(&format!("a.{}", "b".repeat(500)), "application/pdf");
        assert_eq!(long.len(), BYTES_MAX);
    }

    #[test]
    fn what_is_no_content_type_is_just_bytes() {
        let table = [
            ("text/plain", "text/plain"),
            ("Image/PNG; name=\"x\"", "image/png"),
            ("", "application/octet-stream"),
            ("text", "application/octet-stream"),
            ("text/", "application/octet-stream"),
            ("text/html\r\nX-Evil: 1", "application/octet-stream"),
            ("text/<script>", "application/octet-stream"),
        ];
        for (text, expected) in table {
            assert_eq!(content_type(text), expected, "{text:?}");
        }
    }
}
