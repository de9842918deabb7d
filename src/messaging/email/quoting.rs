//! Which part of a mail only repeats an earlier one: pages fold it.

/// How the line above a quotation ends, in the languages of our pages.
const WROTE: [&str; 6] = ["wrote:", "schrieb:", "schreef:", "skrev:", "geschreven:", "a écrit :"];

/// How its second line begins where it runs over two.
const GOES_ON: [&str; 4] = ["wrote ", "schrieb ", "schreef ", "skrev "];

/// What stands above an earlier mail that is repeated as it was.
const ORIGINAL: [&str; 7] = [
    "Original Message",
    "Ursprüngliche Nachricht",
    "Oorspronkelijk bericht",
    "Opprinnelig melding",
    "Forwarded message",
    "Weitergeleitete Nachricht",
    "Original message",
];

/// How the head of an earlier mail begins where no line says so.
const FROM: [&str; 4] = ["From: ", "Von: ", "Van: ", "Fra: "];

/// What is new, and what stands below it of earlier mails. A mail of nothing else is new as a whole.
pub fn split(text: &str) -> (&str, &str) {
    let lines = lines(text);
    let at = [quoted(&lines), original(&lines)].into_iter().flatten().min();
    match at {
        Some(at) if !text[..at].trim().is_empty() => (text[..at].trim_end(), &text[at..]),
        _ => (text.trim_end(), ""),
    }
}

/// Each line with where it begins.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let found = text.split_inclusive('\n').map(|line| {
        let begins = at;
        at += line.len();
        (begins, line.trim())
    });
    found.collect()
}

/// Where the last lines begin that are all marked with `>`, and the line that announces them. What is answered in between
/// stays.
fn quoted(lines: &[(usize, &str)]) -> Option<usize> {
    let is_quoted = |line: &str| line.starts_with('>');
    let mut first = None;
    for (index, (_, line)) in lines.iter().enumerate().rev() {
        if is_quoted(line) {
            first = Some(index);
        } else if !line.is_empty() {
            break;
        }
    }
    let first = first?;
    let mut begins = lines[first].0;
    let above: Vec<&(usize, &str)> =
        lines[..first].iter().rev().filter(|(_, line)| !line.is_empty()).take(2).collect();
    if let Some((at, line)) = above.first().filter(|(_, line)| announces(line)) {
        begins = *at;
        // Long ones run over two lines.
        if let Some((at, _)) =
            above.get(1).filter(|(_, upper)| !starts_announcement(line) && starts_announcement(upper))
        {
            begins = *at;
        }
    }
    Some(begins)
}

fn announces(line: &str) -> bool {
    WROTE.iter().any(|end| line.ends_with(end))
        || line.ends_with(':')
            && (starts_announcement(line) || GOES_ON.iter().any(|verb| line.starts_with(verb)))
}

fn starts_announcement(line: &str) -> bool {
    ["On ", "Am ", "Op ", "Den ", "Le "].iter().any(|start| line.starts_with(start))
}

/// Where the first line stands that says that an earlier mail follows.
fn original(lines: &[(usize, &str)]) -> Option<usize> {
    let found = lines.iter().enumerate().find(|(index, (_, line))| {
        let dashed = line.starts_with("---") && ORIGINAL.iter().any(|words| line.contains(words));
        // Few lines that are empty stand between: nobody makes us look for the next one again and again.
        let next = || lines[index + 1..].iter().take(5).find(|(_, line)| !line.is_empty());
        let ruled = line.len() >= 20
            && line.bytes().all(|byte| byte == b'_')
            && next().is_some_and(|(_, next)| FROM.iter().any(|from| next.starts_with(from)));
        dashed || ruled
    });
    found.map(|(_, (at, _))| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_an_earlier_mail_is_told_from_what_is_new() {
        let table = [
            ("Thanks!\n\nOn Mon, 2 Feb 2026 at 03:40, Ann wrote:\n> Hello\n>\n> Ann\n", "Thanks!"),
            ("Danke\n\nAm 02.02.2026 um 03:40 schrieb Ann <a@x>:\n> Hallo\n", "Danke"),
            ("Danke\n\nAm Montag, dem 02.02.2026 um 03:40 Uhr\nschrieb Ann:\n> Hallo\n", "Danke"),
            ("Bedankt\n\nOp ma 2 feb 2026 schreef Ann:\n> Hallo\n", "Bedankt"),
            ("Takk\n\nDen 2. feb. 2026 skrev Ann:\n> Hei\n", "Takk"),
            ("Yes\r\n\r\n-----Original Message-----\r\nFrom: Ann\r\n\r\nHello", "Yes"),
            ("Ja\n\n-------- Ursprüngliche Nachricht --------\nVon: Ann\n\nHallo", "Ja"),
            ("Ok\n\n________________________________\nFrom: Ann <a@x>\nSent: Monday\n\nHello", "Ok"),
            ("> What time?\nAt nine.\n> Where?\nHere.\n", "> What time?\nAt nine.\n> Where?\nHere."),
            ("Just text", "Just text"),
            ("> only\n> quoted\n", "> only\n> quoted"),
            ("", ""),
            ("Text\n____________________\nsignature", "Text\n____________________\nsignature"),
        ];
        for (text, new) in table {
            let (found, tail) = split(text);
            assert_eq!(found, new, "{text:?}");
            assert!(text.ends_with(tail), "{text:?}");
        }
    }
}
