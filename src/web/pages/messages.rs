//! What the pages say: a folder of messages per language, with a file per part of the pages.

use crate::routing::sentences::Language;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use rust_embed::RustEmbed;
use std::sync::OnceLock;

const LANGUAGES: [(Language, &str, &str); 4] = [
    (Language::En, "en-GB", "en/"),
    (Language::Nl, "nl", "nl/"),
    (Language::Nb, "nb", "nb/"),
    (Language::De, "de", "de/"),
];

#[derive(RustEmbed)]
#[folder = "src/web/pages/messages"]
struct Files;

/// A message in this language; the key itself where it has none.
pub fn message(language: Language, key: &str, arguments: &[(&str, FluentValue<'_>)]) -> String {
    let bundle = bundle(language);
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return key.to_owned();
    };
    let mut given = FluentArgs::with_capacity(arguments.len());
    for (name, value) in arguments {
        given.set(*name, value.clone());
    }
    bundle.format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
}

fn bundle(language: Language) -> &'static FluentBundle<FluentResource> {
    static BUNDLES: OnceLock<Vec<(Language, FluentBundle<FluentResource>)>> = OnceLock::new();
    let bundles =
        BUNDLES.get_or_init(|| LANGUAGES.map(|(language, tag, folder)| (language, read(tag, folder))).into());
    let found = bundles.iter().find(|(known, _)| *known == language);
    &found.expect("each language has its messages").1
}

fn read(tag: &str, folder: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().expect("a language tag")]);
    // Names are put in <bdi>, where they need it.
    bundle.set_use_isolating(false);
    for (_, text) in files(folder) {
        let resource = match FluentResource::try_new(text) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        // What can't be read, and what is there twice, is told by the tests below.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// Name, without the folder, and text of each file.
fn files(folder: &str) -> impl Iterator<Item = (String, String)> {
    let names = Files::iter().filter_map(move |name| Some(name.strip_prefix(folder)?.to_owned()));
    names.filter_map(move |name| {
        let file = Files::get(&format!("{folder}{name}"))?;
        Some((name, String::from_utf8_lossy(&file.data).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        path::Path,
    };

    /// Each message's name and text, as written.
    fn written(file: &str) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let mut last = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(" =").filter(|_| !line.starts_with([' ', '}', '.'])) {
                Some((name, text)) => {
                    assert!(!all.contains_key(name), "{name} is there twice");
                    last = name.to_owned();
                    all.insert(last.clone(), text.to_owned());
                }
                None => all.entry(last.clone()).or_default().push_str(line),
            }
        }
        all
    }

    /// `$name` in a text.
    fn arguments(text: &str) -> BTreeSet<&str> {
        let after = text.split('$').skip(1);
        after
            .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
            .collect()
    }

    /// All of a language; each file must be readable.
    fn all(folder: &str) -> BTreeMap<String, String> {
        let mut whole = String::new();
        for (name, text) in super::files(folder) {
            if let Err((_, errors)) = FluentResource::try_new(text.clone()) {
                panic!("{folder}{name}: {errors:?}");
            }
            whole += &text;
        }
        written(&whole)
    }

    #[test]
    fn every_file_can_be_read_and_says_the_same_things() {
        let english = all("en/");
        assert!(!english.is_empty());
        let names = |folder| super::files(folder).map(|(name, _)| name).collect::<BTreeSet<_>>();
        for (_, _, folder) in LANGUAGES {
            assert_eq!(names(folder), names("en/"), "{folder}");
            let there = all(folder);
            assert_eq!(there.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{folder}");
            for (name, text) in &there {
                assert_eq!(arguments(text), arguments(&english[name]), "{folder}: {name}");
            }
        }
    }

    #[test]
    fn what_the_pages_ask_for_is_there() {
        let english = all("en/");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/pages");
        let mut asked = 0;
        for file in sources(&folder) {
            let text = fs::read_to_string(&file).expect("a source file");
            for call in ["t(\"", "t1(\"", "t_with(\"", "count(\""] {
                for rest in text.split(&format!(".{call}")).skip(1) {
                    let key = rest.split('"').next().unwrap_or("");
                    assert!(english.contains_key(key), "{}: {key}", file.display());
                    asked += 1;
                }
            }
        }
        assert!(asked > 0);
    }

    fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn a_message_has_its_arguments_and_counts() {
        let text = |language, count: i64| message(language, "minutes", &[("count", count.into())]);
        assert_eq!((text(Language::En, 1), text(Language::En, 2)), ("1 minute".into(), "2 minutes".into()));
        assert_eq!((text(Language::De, 1), text(Language::De, 2)), ("1 Minute".into(), "2 Minuten".into()));
        assert_eq!(message(Language::En, "nothing-of-this-name", &[]), "nothing-of-this-name");
    }
}
