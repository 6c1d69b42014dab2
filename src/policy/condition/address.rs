//! `IpAddress`: addresses and CIDR blocks, IPv4 and IPv6. A bare address is a block of itself.

use std::net::IpAddr;

pub(super) fn within(policy: &str, context: &str) -> Option<bool> {
    let (base, length) = match policy.split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u32>().ok()?)),
        None => (policy, None),
    };
    let base: IpAddr = base.trim().parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(width);
    if length > width {
        return None;
    }
    let Ok(address) = context.trim().parse::<IpAddr>() else {
        return Some(false);
    };
    Some(match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            same_prefix(u128::from(u32::from(base)), u128::from(u32::from(address)), 32 - length)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same_prefix(base.into(), address.into(), 128 - length),
        _ => false,
    })
}

fn same_prefix(one: u128, two: u128, ignored_bits: u32) -> bool {
    ignored_bits >= 128 || (one >> ignored_bits) == (two >> ignored_bits)
}
