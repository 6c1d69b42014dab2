//! `IpAddress` and `NotIpAddress`: IPv4 and IPv6 ranges in CIDR form; without a prefix length, one address.

use super::{Held, Operator, Value};
use crate::policy::truth::Truth;
use std::net::IpAddr;

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "IpAddress",
        negated: false,
        read,
        fits,
    },
    Operator {
        name: "NotIpAddress",
        negated: true,
        read,
        fits,
    },
];

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
        (Value::Range(range), Ok(address)) => {
            let number = number(address);
            (range.is_v4 == address.is_ipv4() && range.first <= number && number <= range.last).into()
        }
        (Value::Range(_), Err(_)) => Truth::unsupported(format!("the value `{}` as an IP address", held.text)),
        _ => Truth::False,
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
