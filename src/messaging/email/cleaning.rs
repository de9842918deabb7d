//! HTML of strangers, made harmless: no script, no style, no form, and nothing that a browser would fetch by itself.
//! Pictures that came with the mail stay as `cid:` and their id; whoever shows it puts the address of the file there.

use super::growth;
use ammonia::{Builder, UrlRelative};
use mail_parser::decoders::html::html_to_text;
use std::{borrow::Cow, collections::HashSet};

/// More is not looked at: to sort out what is nested takes the square of it.
const HTML_BYTES_MAX: usize = 1 << 20;
const TAGS_MAX: usize = 20_000;
/// Pictures are shown until there is so much of them: one may stand in a mail thousands of times.
const SHOWN_BYTES_MAX: usize = 64 << 20;

/// `None`: there is too much of it to be cleaned. `pictures` are the ids of the files that came with it.
pub fn clean(html: &str, pictures: &HashSet<String>) -> Option<String> {
    let tags = html.bytes().filter(|byte| *byte == b'<').count();
    if html.len() > HTML_BYTES_MAX || tags > TAGS_MAX || !growth::is_bounded(html) {
        return None;
    }
    let pictures = pictures.clone();
    let mut builder = Builder::default();
    builder
        .add_clean_content_tags(&["title"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |element, attribute, value| kept(element, attribute, value, &pictures));
    Some(builder.clean(html).to_string())
}

/// What stays of an attribute that is harmless by its name.
fn kept<'a>(
    element: &str,
    attribute: &str,
    value: &'a str,
    pictures: &HashSet<String>,
) -> Option<Cow<'a, str>> {
    match (element, attribute) {
        ("img", "src") => picture(value, pictures).map(|id| format!("cid:{id}").into()),
        ("a", "href") => is_link(value).then_some(value.into()),
        (_, "cite" | "longdesc") => None,
        _ => Some(value.into()),
    }
}

/// The id that a picture is called by, if it came along.
fn picture<'a>(value: &'a str, pictures: &HashSet<String>) -> Option<&'a str> {
    let id = value.trim();
    let id = id.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("cid:")).map(|_| &id[4..])?;
    pictures.contains(id).then_some(id)
}

fn is_link(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme))
}

/// Cleaned HTML with its pictures: `address` knows where the file is that is called so.
pub fn with_pictures(html: &str, address: impl Fn(&str) -> Option<String>) -> String {
    let mut shown = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<img") {
        shown.push_str(before);
        shown.push_str("<img");
        rest = after;
        // Cleaned HTML writes each attribute as ` name="value"`, and quotes within a value as `&quot;`.
        while let Some((name, value, after)) = attribute(rest) {
            rest = after;
            match value.strip_prefix("cid:").filter(|_| name == "src") {
                None => shown.push_str(&format!(" {name}=\"{value}\"")),
                Some(id) => {
                    let room = SHOWN_BYTES_MAX.saturating_sub(shown.len());
                    let address = address(&id.replace("&amp;", "&"));
                    if let Some(address) = address.filter(|address| address.len() <= room) {
                        shown.push_str(&format!(
                            " src=\"{}\"",
                            address.replace('&', "&amp;").replace('"', "&quot;")
                        ));
                    }
                }
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// The first one, and what follows it.
fn attribute(tag: &str) -> Option<(&str, &str, &str)> {
    let (name, after) = tag.strip_prefix(' ')?.split_once("=\"")?;
    let (value, after) = after.split_once('"')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then_some((name, value, after))
}

/// What can be read in cleaned HTML, with a line for each block.
pub fn as_text(html: &str) -> String {
    let mut lines = html.to_owned();
    for end in ["</div>", "</tr>", "</li>", "</h1>", "</h2>", "</h3>", "</h4>", "</blockquote>", "</pre>"] {
        lines = lines.replace(end, &format!("{end}<br>"));
    }
    for end in ["</td>", "</th>"] {
        lines = lines.replace(end, &format!("{end} "));
    }
    html_to_text(&lines.replace("<hr>", "<br>---<br>"))
}

/// Of HTML that is too much to be cleaned: what can be read between its tags.
pub fn torn(html: &str) -> String {
    let mut end = html.len().min(HTML_BYTES_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html_to_text(&html[..end])
}

pub fn as_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!("<div>{}</div>", escaped.replace("\r\n", "\n").replace('\n', "<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(html: &str) -> String {
        clean(html, &HashSet::from(["logo@x".to_owned()])).unwrap()
    }

    #[test]
    fn scripts_styles_and_forms_are_gone_and_words_stay() {
        let table = [
            ("<p>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
            ("<style>p{background:url(https://x)}</style><p>Hi</p>", "<p>Hi</p>"),
            ("<p onclick=\"alert(1)\" style=\"background:url(https://x)\" class=a id=b>Hi</p>", "<p>Hi</p>"),
            ("<form action=https://x><input name=a>Hi<button>Go</button></form>", "HiGo"),
            ("<iframe src=https://x></iframe><object data=x></object><embed src=x>Hi", "Hi"),
            ("<svg><script>alert(1)</script><image href=https://x></svg>Hi", "Hi"),
            (
                "<meta http-equiv=refresh content=\"0;url=https://x\"><base href=https://x><link rel=stylesheet href=https://x>Hi",
                "Hi",
            ),
            (
                "<a href=\"javascript:alert(1)\">Hi</a>",
                "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">Hi</a>",
            ),
            (
                "<a href=\" JaVaScRiPt:alert(1)\">Hi</a>",
                "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">Hi</a>",
            ),
            (
                "<a href=\"/api/v1/tickets\">Hi</a>",
                "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">Hi</a>",
            ),
            (
                "<a href=\"https://x/?a=1&b=2\">Hi</a>",
                "<a href=\"https://x/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">Hi</a>",
            ),
            ("<!-- <script>alert(1)</script> --><![CDATA[x]]>Hi", "Hi"),
            ("<b><i>Hi", "<b><i>Hi</i></b>"),
            ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ];
        for (html, expected) in table {
            assert_eq!(cleaned(html), expected, "{html}");
        }
    }

    #[test]
    fn only_pictures_that_came_along_stay() {
        let table = [
            ("<img src=\"https://x/pixel.gif\" alt=\"a\">", "<img alt=\"a\">"),
            ("<img src=\"http://x/p\" srcset=\"https://x 2x\">", "<img>"),
            ("<img src=\"//x/p\">", "<img>"),
            ("<img src=\"data:image/svg+xml,x\">", "<img>"),
            ("<img src=\"file:///etc/passwd\">", "<img>"),
            ("<img src=\"cid:logo@x\">", "<img src=\"cid:logo@x\">"),
            ("<img src=\"CID:logo@x\">", "<img src=\"cid:logo@x\">"),
            ("<img src=\"cid:other@x\">", "<img>"),
            (
                "<table background=\"https://x\"><tbody><tr><td background=\"https://x\">Hi</td></tr></tbody></table>",
                "<table><tbody><tr><td>Hi</td></tr></tbody></table>",
            ),
            ("<blockquote cite=\"https://x\">Hi</blockquote>", "<blockquote>Hi</blockquote>"),
            ("<video src=https://x poster=https://x></video><audio src=https://x></audio>Hi", "Hi"),
        ];
        for (html, expected) in table {
            assert_eq!(cleaned(html), expected, "{html}");
        }
        let html = cleaned("<p>a<img src=\"cid:logo@x\" alt=\"b\">c</p>");
        let address = |id: &str| (id == "logo@x").then(|| "/files/1?a&b".to_owned());
        assert_eq!(with_pictures(&html, address), "<p>a<img src=\"/files/1?a&amp;b\" alt=\"b\">c</p>");
        assert_eq!(with_pictures(&html, |_| None), "<p>a<img alt=\"b\">c</p>");
    }

    #[test]
    fn a_text_that_only_looks_like_a_picture_stays_a_text() {
        let html = cleaned("<p> src=\"cid:logo@x\" &lt;img src=\"cid:logo@x\"&gt;</p>");
        let shown = with_pictures(&html, |_| Some("/files/1".to_owned()));
        assert_eq!(shown, html);
        assert!(!shown.contains("<img"), "{shown}");
    }

    #[test]
    fn html_reads_as_text_with_a_line_for_each_block() {
        let html = cleaned(
            "<div>Dear Ann,</div><div><br></div><div>three <b>bold</b> words &amp; more</div><p>Bye</p>",
        );
        let text = as_text(&html);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["Dear Ann,", "three bold words & more", "Bye"]);
    }

    #[test]
    fn a_picture_that_stands_everywhere_is_shown_until_it_is_too_much() {
        let html = cleaned(&"<img src=\"cid:logo@x\">".repeat(1_000));
        let picture = "x".repeat(1 << 20);
        let shown = with_pictures(&html, |_| Some(picture.clone()));
        assert!(shown.len() < 65 << 20, "{}", shown.len());
        assert_eq!((shown.matches("<img").count(), shown.matches("src=").count()), (1_000, 63));
    }

    #[test]
    fn what_grows_without_end_when_it_is_taken_apart_is_left_as_it_is() {
        let opened: String = (0..9_000).map(|one| format!("<b id={one}>")).collect();
        let html = format!("<p>{opened}{}", "<p>x".repeat(9_000));
        assert_eq!(clean(&html, &HashSet::new()), None);
        assert!(torn(&html).contains('x'));
    }

    #[test]
    fn what_is_nested_without_end_neither_breaks_nor_holds_up() {
        assert_eq!(clean(&"<div>".repeat(TAGS_MAX + 1), &HashSet::new()), None);
        let deep = format!("{}Hi", "<div>".repeat(TAGS_MAX));
        assert!(clean(&deep, &HashSet::new()).unwrap().contains("Hi"));
        assert_eq!(clean(&"a".repeat(HTML_BYTES_MAX + 1), &HashSet::new()), None);
        assert_eq!(torn(&"<div>Hi</div> ".repeat(TAGS_MAX)).split_whitespace().next(), Some("Hi"));
    }
}
