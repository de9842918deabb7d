//! How large HTML becomes when it is taken apart. What was opened and never closed (bold, a link) is opened again in every
//! block that follows, with all it says: a few lines can so become more than any memory holds.

use html5ever::{
    Attribute, ExpandedName, LocalName, ParseOpts, QualName, ns, parse_fragment,
    tendril::{StrTendril, TendrilSink},
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
};
use std::{borrow::Cow, cell::Cell, rc::Rc};

/// Elements, with those that are opened again. Each takes some hundred bytes.
const ELEMENTS_MAX: usize = 60_000;
/// What stands in all of their attributes.
const ATTRIBUTES_BYTES_MAX: usize = 4 << 20;
/// So little is looked at before it is counted what it made.
const AT_ONCE_BYTES: usize = 64;

/// Whether it stays within what can be held.
pub fn is_bounded(html: &str) -> bool {
    let count = Rc::new(Count::default());
    let context = QualName::new(None, ns!(html), LocalName::from("div"));
    let counter = Counter { count: count.clone(), document: element("#document") };
    let mut parser = parse_fragment(counter, ParseOpts::default(), context, Vec::new(), false);
    let mut rest = html;
    while !rest.is_empty() {
        let mut end = rest.len().min(AT_ONCE_BYTES);
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        parser.process(StrTendril::from(&rest[..end]));
        if count.elements.get() > ELEMENTS_MAX || count.bytes.get() > ATTRIBUTES_BYTES_MAX {
            return false;
        }
        rest = &rest[end..];
    }
    true
}

#[derive(Default)]
struct Count {
    elements: Cell<usize>,
    bytes: Cell<usize>,
}

/// Builds nothing, and counts what would be built.
struct Counter {
    count: Rc<Count>,
    document: Rc<Element>,
}

struct Element {
    name: QualName,
    is_annotation: bool,
}

fn element(name: &str) -> Rc<Element> {
    Rc::new(Element { name: QualName::new(None, ns!(), LocalName::from(name)), is_annotation: false })
}

impl TreeSink for Counter {
    type Handle = Rc<Element>;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> Rc<Element> {
        let Count { elements, bytes } = &*self.count;
        elements.set(elements.get() + 1);
        bytes.set(bytes.get() + attributes.iter().map(|one| one.value.len()).sum::<usize>());
        Rc::new(Element { name, is_annotation: flags.mathml_annotation_xml_integration_point })
    }

    fn elem_name<'a>(&'a self, target: &'a Rc<Element>) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn same_node(&self, one: &Rc<Element>, other: &Rc<Element>) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Rc<Element>) -> bool {
        target.is_annotation
    }

    fn get_document(&self) -> Rc<Element> {
        self.document.clone()
    }

    fn get_template_contents(&self, _: &Rc<Element>) -> Rc<Element> {
        element("#template")
    }

    fn create_comment(&self, _: StrTendril) -> Rc<Element> {
        element("#comment")
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Rc<Element> {
        element("#instruction")
    }

    fn finish(self) {}
    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append(&self, _: &Rc<Element>, _: NodeOrText<Rc<Element>>) {}
    fn append_based_on_parent_node(&self, _: &Rc<Element>, _: &Rc<Element>, _: NodeOrText<Rc<Element>>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn append_before_sibling(&self, _: &Rc<Element>, _: NodeOrText<Rc<Element>>) {}
    fn add_attrs_if_missing(&self, _: &Rc<Element>, _: Vec<Attribute>) {}
    fn remove_from_parent(&self, _: &Rc<Element>) {}
    fn reparent_children(&self, _: &Rc<Element>, _: &Rc<Element>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_again_in_every_block_is_counted_each_time() {
        let opened = |count: usize| (0..count).map(|one| format!("<b id={one}>")).collect::<String>();
        let blocks = |count: usize| "<p>x".repeat(count);
        assert!(is_bounded(&format!("<p>{}{}", opened(50), blocks(1_000))), "a sloppy mail");
        assert!(!is_bounded(&format!("<p>{}{}", opened(9_000), blocks(9_000))), "81 million elements");
        let link = format!("<p><a href=\"https://x/{}\">", "x".repeat(500_000));
        assert!(is_bounded(&link));
        assert!(!is_bounded(&format!("{link}{}", blocks(100))), "the same half megabyte a hundred times");
        assert!(is_bounded("") && is_bounded("ä".repeat(1_000).as_str()) && is_bounded("<b><p></b></p>"));
    }
}
