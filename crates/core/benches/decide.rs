//! How many recovery requests a second one core decides: the whole source ladder and `gate::decide`, with `governor`'s
//! keyed limiter on one key level beside it. `cargo bench -p countersign-core --bench decide`

use countersign_core::gate::budget::Budgets;
use countersign_core::gate::decide::{AccountFacts, Facts, decide};
use countersign_core::gate::limiter::{Lane, Limiter};
use countersign_core::gate::slots::Slots;
use countersign_core::gate::{Class, Mode, Policy};
use countersign_core::time::Timestamp;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use governor::{Quota, RateLimiter};
use std::hint::black_box;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Sources that take turns; more than caches hold.
const SOURCES: u128 = 1 << 20;

fn source(n: u128) -> IpAddr {
    // An odd factor visits every /64 once before it repeats.
    let spread = n.wrapping_mul(0x9E37_79B1) % SOURCES;
    IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | spread << 64 | 1))
}

fn facts(now: Timestamp, class: Class) -> Facts {
    let account = AccountFacts {
        barred: false,
        has_address: true,
        account_slots: Slots::default(),
        mailbox_slots: Slots::default().with_message(now.minus(Duration::from_secs(50_000)), now),
        disavowed_until: Timestamp::default(),
        held_until: Timestamp::default(),
    };
    let expires_at = now.plus(Duration::from_secs(1800));
    Facts { received_at: now, expires_at, class, released: false, account: Some(account) }
}

fn full_ladder(c: &mut Criterion) {
    let policy = Policy::default();
    let start = Timestamp::from_secs(1_700_000_000);
    let budgets = Budgets::full(&policy.budget, start);
    let limiter = Limiter::new(policy.source.clone(), [1, 2]);
    let cases = [facts(start, Class::Anonymous), facts(start, Class::Work), facts(start, Class::Strong)];
    let mut group = c.benchmark_group("recovery");
    group.throughput(Throughput::Elements(1));
    let mut n = 0_u128;
    group.bench_function("ladder of three prefixes and decide", |b| {
        b.iter(|| {
            n += 1;
            let now = start.plus(Duration::from_micros(u64::try_from(n).unwrap_or(0)));
            let admitted = limiter.admit(black_box(source(n)), Lane::Anonymous, now);
            let decision = decide(black_box(&cases[(n % 3) as usize]), Mode::Open, &budgets, &policy, now);
            black_box((admitted, decision))
        });
    });
    group.bench_function("decide alone", |b| {
        b.iter(|| black_box(decide(black_box(&cases[0]), Mode::Open, &budgets, &policy, start)));
    });
    let governor = RateLimiter::keyed(Quota::per_hour(NonZeroU32::MIN.saturating_add(2)));
    group.bench_function("governor, keyed, one level", |b| {
        b.iter(|| {
            n += 1;
            black_box(governor.check_key(&black_box(source(n))).is_ok())
        });
    });
    group.finish();
}

criterion_group!(benches, full_ladder);
criterion_main!(benches);
