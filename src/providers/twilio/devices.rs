//! A `Dial` of several devices, for a caller who is not answered yet: `answerOnBridge` lets them hear the ring tone of
//! their own exchange. Who calls is shown on each device, as on any telephone: without `callerId` it is the caller.

use super::{
    Dialect,
    twiml::{TIME_LIMIT_SECONDS, Xml, element},
};
use crate::{
    providers::{
        RungDevice,
        addresses::{Addresses, Hook},
    },
    routing::people::Reach,
};
use std::io;

pub(super) fn dial(
    xml: &mut Xml,
    dialect: Dialect,
    addresses: &Addresses,
    devices: &[RungDevice],
    seconds: u32,
    over: Hook,
) -> io::Result<()> {
    let (over, seconds) = (addresses.of(over), dialect.ring_seconds(seconds).to_string());
    xml.create_element("Dial")
        .with_attributes([
            ("action", over.as_str()),
            ("method", "POST"),
            ("timeout", seconds.as_str()),
            ("timeLimit", TIME_LIMIT_SECONDS),
            ("answerOnBridge", "true"),
        ])
        .write_inner_content(|xml| devices.iter().try_for_each(|rung| noun(xml, addresses, rung)))
        .map(drop)
}

fn noun(xml: &mut Xml, addresses: &Addresses, rung: &RungDevice) -> io::Result<()> {
    let (pick_up, leg) = (addresses.of(rung.pick_up), addresses.of(rung.leg));
    let attributes = [
        ("url", pick_up.as_str()),
        ("method", "POST"),
        ("statusCallback", leg.as_str()),
        ("statusCallbackEvent", "answered completed"),
        ("statusCallbackMethod", "POST"),
    ];
    match &rung.device.reach {
        Reach::Client(identity) => xml
            .create_element("Client")
            .with_attributes(attributes)
            .write_inner_content(|xml| {
                element(xml, "Identity", &[], identity)?;
                let offer = rung.device.offer.to_string();
                let parameter = [("name", "offer"), ("value", offer.as_str())];
                xml.create_element("Parameter").with_attributes(parameter).write_empty().map(drop)
            })
            .map(drop),
        Reach::Sip(address) => element(xml, "Sip", &attributes, address),
        Reach::Number(number) => element(xml, "Number", &attributes, number),
    }
}
