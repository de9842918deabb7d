//! Where somebody stands in what is kept: their number or address, however it is written, and nobody else's.

use sqlx::{QueryBuilder, Row, SqliteConnection};

/// The texts in which one of them stands.
pub(super) async fn mentioning(
    tx: &mut SqliteConnection,
    table: &str,
    column: &str,
    which: &str,
    mentions: &[String],
) -> sqlx::Result<Vec<String>> {
    let mut found = Vec::new();
    for some in mentions.chunks(100) {
        let mut query =
            QueryBuilder::new(format!("select distinct {column} from {table} where {which} and ("));
        let mut any = query.separated(" or ");
        some.iter().for_each(|mention| {
            any.push(format!("{column} like ")).push_bind_unseparated(pattern(mention));
        });
        query.push(")");
        for row in query.build().persistent(false).fetch_all(&mut *tx).await? {
            let text: String = row.try_get(0)?;
            if some.iter().any(|mention| stands_in(mention, &text)) {
                found.push(text);
            }
        }
    }
    Ok(found)
}

/// Finds every text in which it may stand, and some others: whatever is no letter or digit may be written otherwise, as in
/// addresses and forms, where %40 stands for @ and %2B for +.
pub(super) fn pattern(mention: &str) -> String {
    let may_be_otherwise = |c: char| if c.is_ascii_alphanumeric() { c } else { '%' };
    format!("%{}%", mention.chars().map(may_be_otherwise).collect::<String>())
}

/// Whether it stands in the text by itself, and not within a longer number, name or address. `00` and `%2B` are ways to
/// write +.
pub fn stands_in(mention: &str, text: &str) -> bool {
    let is_mail = mention.contains('@');
    let (mention, text) = (mention.to_lowercase(), plain(text));
    text.match_indices(&mention).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + mention.len()..]);
        if is_mail {
            let of_longer_name = |c: char| c.is_alphanumeric() || "._+-".contains(c);
            let mut after = after.chars();
            let goes_on = match after.next() {
                Some('.') => after.next().is_some_and(char::is_alphanumeric),
                next => next.is_some_and(|c| c.is_alphanumeric() || c == '-'),
            };
            return !before.ends_with(of_longer_name) && !goes_on;
        }
        let before = before.strip_suffix("00").unwrap_or(before);
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    })
}

/// In small letters, and with nothing written as in addresses and forms.
pub fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let written = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let written = written.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        plain.push(written.unwrap_or(byte));
        at += if written.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{pattern, stands_in};

    #[test]
    fn a_number_is_found_in_every_spelling_and_not_within_another() {
        for text in [
            "{\"from\":\"+436601\"}",
            "00436601",
            "436601",
            "From=%2B436601&To=1",
            "sip:+436601@x",
            "a 436601.",
        ] {
            assert!(stands_in("436601", text), "{text}");
        }
        for text in ["+4366012", "1436601", "a436601", "436601f", ""] {
            assert!(!stands_in("436601", text), "{text}");
        }
    }

    #[test]
    fn an_address_is_found_as_it_is_written_anywhere_and_not_within_another() {
        for text in [
            "zoe@example.org",
            "\"SIP:Zoe@example.org\"",
            "sip:zoe@example.org;transport=udp",
            "From=sip%3Azoe%40example.org&To=1",
            "to%20ZOE%40example.org%2C",
            "<zoe@example.org>.",
            "Write to zoe@example.org, please.",
        ] {
            assert!(stands_in("zoe@example.org", text), "{text}");
        }
        for text in
            ["chloe.zoe@example.org", "a-zoe@example.org", "zoe@example.org.uk", "zoe@example.organ", ""]
        {
            assert!(!stands_in("zoe@example.org", text), "{text}");
        }
        assert!(stands_in("sip:pbx.example.org", "\"from\":\"sip:pbx.example.org\""));
    }

    #[tokio::test]
    async fn the_database_is_asked_for_every_text_in_which_somebody_stands() {
        use sqlx::Connection;
        let mut store = sqlx::SqliteConnection::connect("sqlite::memory:").await.expect("a database");
        for (mention, text) in [
            ("zoe+work@example.org", "From=sip%3Azoe%2Bwork%40example.org&To=1"),
            ("+436601@gateway.test", "From=sip%3A%2B436601%40gateway.test"),
            ("zoë@example.org", "From=sip%3Azo%C3%AB%40example.org"),
            ("436601", "From=%2B436601&To=1"),
        ] {
            assert!(stands_in(mention, text), "{mention}");
            let sql = "select $1 like $2";
            let query = sqlx::query_scalar(sql).bind(text).bind(pattern(mention));
            let found: bool = query.fetch_one(&mut store).await.expect("an answer");
            assert!(found, "{mention}");
        }
    }
}
