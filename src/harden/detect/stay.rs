//! Where and when a caller was seen.

use super::packed::{Packing, Unpacking};
use super::runs::Lays;
use super::sighting::Sighting;
use crate::harden::caller::Caller;
use crate::harden::matching::Members;
use rapidhash::v3::rapidhash_v3;
use std::cmp::Ordering;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// A caller at an address, hour by hour.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) address: Arc<str>,
    pub(super) hours: Vec<(i64, Sighting)>,
}

/// A caller, and where it was seen. There may be several of one: each tells a part.
#[derive(Debug)]
pub(super) struct Stay {
    /// The hash of its key: those of one key come together.
    key: u64,
    pub(super) caller: Caller,
    pub(super) places: Vec<Place>,
}

impl Stay {
    pub(super) fn of(caller: Caller, places: Vec<Place>) -> Stay {
        let key = caller.text("userIdentity.accessKeyId").unwrap_or_default();
        Stay {
            key: rapidhash_v3(key.as_bytes()),
            caller,
            places,
        }
    }
}

impl Lays for Stay {
    fn order(&self, other: &Self) -> Ordering {
        let place = |stay: &Stay| stay.key;
        place(self)
            .cmp(&place(other))
            .then_with(|| self.caller.compare(&other.caller))
    }

    fn write(&self, into: &mut impl Write) -> io::Result<()> {
        let mut out = Packing(into);
        out.number(self.key)?;
        for member in self.caller.members() {
            out.byte(u8::from(member.is_some()))?;
            out.text(member.unwrap_or_default())?;
        }
        out.length(self.places.len())?;
        for place in &self.places {
            out.text(&place.address)?;
            out.length(place.hours.len())?;
            for (hour, sighting) in &place.hours {
                out.signed(*hour)?;
                sighting.write(&mut out)?;
            }
        }
        Ok(())
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut rest = Unpacking(from);
        let key = rest.number()?;
        let caller = Caller::read(|| {
            let is_there = rest.byte()? == 1;
            Ok::<_, io::Error>(Some(rest.text()?).filter(|_| is_there))
        })?;
        let mut places = Vec::new();
        for _ in 0..rest.length()? {
            let address = rest.text()?.into();
            let mut hours = Vec::new();
            for _ in 0..rest.length()? {
                hours.push((rest.signed()?, Sighting::read(&mut rest)?));
            }
            places.push(Place { address, hours });
        }
        Ok(Stay { key, caller, places })
    }
}
