//! `IpAddress` and `NotIpAddress`: IPv4 and IPv6 ranges in CIDR form; without a prefix length, one address.

use super::{Held, Operator, Value, op};
use crate::policy::truth::Truth;
use std::net::IpAddr;

pub(super) const OPERATORS: &[Operator] = &[op("IpAddress", false, read, fits), op("NotIpAddress", true, read, fits)];

/// A range of addresses of one family, as numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) is_v4: bool,
    pub(crate) first: u128,
    pub(crate) last: u128,
}

fn read(text: &str, _: bool) -> Value {
    range(text).map_or_else(|| Value::Odd(text.to_owned()), Value::Range)
}

fn fits(wanted: &Value, held: Held<'_>) -> Truth {
    match (wanted, held.text.trim().parse::<IpAddr>()) {
        (Value::Range(range), Ok(address)) if range.holds(address) => Truth::True,
        // Whether `::ffff:10.0.0.1` is 10.0.0.1 is not said.
        (Value::Range(range), Ok(address)) if range.holds(other_family(address)) && range.is_narrow() => {
            Truth::unsupported(format!("the address `{}` against one of the other family", held.text))
        }
        (Value::Range(_), Ok(_)) => Truth::False,
        (Value::Range(_), Err(_)) => Truth::unsupported(format!("the value `{}` as an IP address", held.text)),
        _ => Truth::False,
    }
}

impl Range {
    fn holds(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.is_v4 == address.is_ipv4() && self.first <= number && number <= self.last
    }

    /// Whether it is one of IPv4 addresses, in either spelling, and no wider.
    fn is_narrow(&self) -> bool {
        self.is_v4 || self.first >> 32 == MAPPED && self.last >> 32 == MAPPED
    }
}

/// What stands before the 32 bits of an IPv4 address that is written as one of IPv6.
const MAPPED: u128 = 0xffff;

/// An IPv4 address as one of IPv6, and back where it is one.
fn other_family(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(four) => IpAddr::V6(four.to_ipv6_mapped()),
        IpAddr::V6(six) => six.to_canonical(),
    }
}

fn range(text: &str) -> Option<Range> {
    let (base, length) = match text.trim().split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let base: IpAddr = base.parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let free = width
        - length
            .filter(|length| *length <= width)
            .or(length.is_none().then_some(width))?;
    let hosts = 1u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
    let first = number(base) & !hosts;
    Some(Range {
        is_v4: base.is_ipv4(),
        first,
        last: first | hosts,
    })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => address.into(),
    }
}
