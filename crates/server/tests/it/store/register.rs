//! The register as it is leafed through, and what its statements read.

use super::messages::message;
use super::{add, later, ready};
use crate::support::db::{Db, on_both};
use crate::support::people::{MARA, TOMO};
use countersign::store::Conn;
use countersign::store::db::sql;
use countersign::store::messages::{self, NewMessage, State};
use countersign::store::register::{self, Found, LOOK, Of, Search};
use countersign_core::ids::{AccountId, MessageId};

on_both! {
    pages_follow_each_other_without_a_gap
    messages_are_found_by_recipient_state_and_account
    a_search_stops_after_so_many_and_goes_on_from_there
    one_message_comes_with_what_the_mail_server_said
}

async fn put(conn: &mut Conn, account: &AccountId, n: u64, to: &str, masked: &str) -> MessageId {
    let made = NewMessage { to_address: to.into(), to_masked: masked.into(), ..message(&n.to_string(), account, n) };
    messages::insert(conn, &made).await.unwrap();
    made.id
}

const fn all(of: Of<'_>) -> Search<'_> {
    Search { of, state: None, before: None, limit: 10 }
}

async fn ids(conn: &mut Conn, search: &Search<'_>) -> Vec<MessageId> {
    register::search(conn, search).await.unwrap().messages.into_iter().map(|m| m.id).collect()
}

async fn pages_follow_each_other_without_a_gap(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let mut made = vec![];
    for n in 0..7 {
        made.push(put(&mut conn, &mara, n, "Mara@example.org", "M•••@e•••.org").await);
    }
    made.reverse();
    let (mut seen, mut before) = (vec![], None);
    loop {
        let page = Search { before: before.as_ref(), limit: 3, ..all(Of::Everybody) };
        let Found { messages, looked_to } = register::search(&mut conn, &page).await.unwrap();
        seen.extend(messages.into_iter().map(|m| m.id));
        before = looked_to;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

async fn messages_are_found_by_recipient_state_and_account(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let one = put(&mut conn, &mara, 1, "Mara@example.org", "M•••@e•••.org").await;
    let two = put(&mut conn, &mara, 2, "Mona@example.org", "M•••@e•••.org").await;
    let three = put(&mut conn, &tomo, 3, "tomo@example.org", "t•••@e•••.org").await;
    messages::close(&mut conn, &two, State::Failed, Some("550 5.1.1"), later(9)).await.unwrap();
    assert_eq!(ids(&mut conn, &all(Of::Everybody)).await, [three.clone(), two.clone(), one.clone()]);
    assert_eq!(ids(&mut conn, &all(Of::Masked("M•••@e•••.org"))).await, [two.clone(), one.clone()]);
    assert_eq!(ids(&mut conn, &all(Of::Masked("m•••@e•••.org"))).await, []);
    assert_eq!(
        ids(&mut conn, &all(Of::Address("M•••@e•••.org", "mara@example.org"))).await,
        std::slice::from_ref(&one)
    );
    assert_eq!(ids(&mut conn, &all(Of::Account(&tomo))).await, [three]);
    let failed = |of| Search { state: Some(State::Failed), ..all(of) };
    assert_eq!(ids(&mut conn, &failed(Of::Everybody)).await, std::slice::from_ref(&two));
    assert_eq!(ids(&mut conn, &failed(Of::Account(&mara))).await, std::slice::from_ref(&two));
    assert_eq!(ids(&mut conn, &failed(Of::Masked("M•••@e•••.org"))).await, [two]);
    assert_eq!(ids(&mut conn, &failed(Of::Masked("t•••@e•••.org"))).await, []);
}

async fn a_search_stops_after_so_many_and_goes_on_from_there(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let one = put(&mut conn, &mara, 0, "Mara@example.org", "M•••@e•••.org").await;
    // As many others as one call looks through, copied from one another in few statements.
    put(&mut conn, &mara, 1, "mona@example.org", "M•••@e•••.org").await;
    let hash =
        if conn.is_postgres() { "sha256(convert_to('c' || n.n::text, 'UTF8'))" } else { "CAST('c' || n.n AS BLOB)" };
    let id = if conn.is_postgres() { "lpad(n.n::text, 5, '0')" } else { "printf('%05d', n.n)" };
    let text = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {LOOK}) \
         INSERT INTO messages (id, account_id, template, source_id, to_address, to_masked, to_domain, locale, params, \
         code_hash, created_at, state, next_at) \
         SELECT substr(m.id, 1, 25) || {id}, m.account_id, m.template, m.source_id, m.to_address, m.to_masked, \
         m.to_domain, m.locale, m.params, {hash}, m.created_at, m.state, m.next_at \
         FROM messages m, n WHERE m.to_address = 'mona@example.org'"
    );
    assert_eq!(sql(text).execute(&mut conn).await.unwrap(), LOOK as u64);
    let search = all(Of::Address("M•••@e•••.org", "mara@example.org"));
    let first = register::search(&mut conn, &search).await.unwrap();
    assert!(first.messages.is_empty() && first.looked_to.is_some());
    let second = Search { before: first.looked_to.as_ref(), ..search };
    let second = register::search(&mut conn, &second).await.unwrap();
    assert_eq!((second.messages.len(), second.looked_to), (1, None));
    assert_eq!(second.messages[0].id, one);
}

async fn one_message_comes_with_what_the_mail_server_said(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let id = put(&mut conn, &mara, 1, "Mara@example.org", "M•••@e•••.org").await;
    messages::retry(&mut conn, &id, later(60), Some("450 4.2.0"), true).await.unwrap();
    let more = register::more(&mut conn, &id).await.unwrap().unwrap();
    assert_eq!((more.last_error.as_deref(), more.next_at), (Some("450 4.2.0"), later(60)));
    assert_eq!(register::by_id(&mut conn, &id).await.unwrap().unwrap().attempts, 1);
    let other = MessageId::parse("msg_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap();
    assert!(register::by_id(&mut conn, &other).await.unwrap().is_none());
    assert!(register::more(&mut conn, &other).await.unwrap().is_none());
}

#[tokio::test]
async fn no_statement_reads_the_whole_table_or_sorts_it() {
    let db = Db::sqlite();
    let mut conn = ready(&db).await;
    let (mara, id) = (add(&mut conn, &MARA).await, MessageId::parse("msg_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap());
    let mut plans = vec![];
    for (name, of) in [
        ("all", Of::Everybody),
        ("account", Of::Account(&mara)),
        ("masked", Of::Masked("m")),
        ("address", Of::Address("m", "a")),
    ] {
        for state in [None, Some(State::Sent), Some(State::Failed)] {
            let search = Search { of, state, before: Some(&id), limit: 50 };
            for (text, args) in [register::statement(&search, Some(&id)), register::bound_statement(&search)] {
                let plan = sql(format!("EXPLAIN QUERY PLAN {text}")).bind_all(args).fetch_all(&mut conn).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.text(3).unwrap()).collect();
                plans.push(format!("{name} {}: {}", state.map_or("any", State::as_str), plan.join("; ")));
            }
        }
    }
    insta::assert_snapshot!(plans.join("\n"), @r"
    all any: SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id>? AND id<?)
    all any: SEARCH messages USING COVERING INDEX sqlite_autoindex_messages_1 (id<?)
    all sent: SEARCH messages USING INDEX sqlite_autoindex_messages_1 (id>? AND id<?)
    all sent: SEARCH messages USING COVERING INDEX sqlite_autoindex_messages_1 (id<?)
    all failed: SEARCH messages USING INDEX messages_trouble (state=? AND id>? AND id<?)
    all failed: SEARCH messages USING COVERING INDEX messages_trouble (state=? AND id<?)
    account any: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    account any: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    account sent: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    account sent: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    account failed: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    account failed: SEARCH messages USING INDEX messages_account (account_id=?); USE TEMP B-TREE FOR ORDER BY
    masked any: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    masked any: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    masked sent: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    masked sent: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    masked failed: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    masked failed: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    address any: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    address any: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    address sent: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    address sent: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    address failed: SEARCH messages USING INDEX messages_masked (to_masked=? AND id>? AND id<?)
    address failed: SEARCH messages USING COVERING INDEX messages_masked (to_masked=? AND id<?)
    ");
}
