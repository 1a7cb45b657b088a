"""DuckDB's side of the exposure benchmark: load the directory, match the leak, the same normalisation, the same sum.

Usage: duck.py DIR ACCOUNTS   (needs `pip install duckdb`)
"""

import resource
import sys
import time

import duckdb

DIR, ACCOUNTS = sys.argv[1], sys.argv[2]

MACROS = """
CREATE MACRO local_of(a) AS split_part(a, '@', 1);
CREATE MACRO host_of(a) AS split_part(a, '@', 2);
CREATE MACRO is_gmail(a) AS host_of(a) IN ('gmail.com', 'googlemail.com');
CREATE MACRO mailbox(a) AS CASE WHEN is_gmail(a)
  THEN replace(split_part(local_of(a), '+', 1), '.', '') || '@gmail.com'
  ELSE split_part(local_of(a), '+', 1) || '@' || host_of(a) END;
CREATE MACRO cc(c) AS CASE c WHEN 'US' THEN '1' WHEN 'GB' THEN '44' WHEN 'FR' THEN '33' WHEN 'ES' THEN '34'
  WHEN 'NL' THEN '31' WHEN 'PL' THEN '48' WHEN 'IN' THEN '91' WHEN 'AU' THEN '61' END;
CREATE MACRO trunk(c) AS CASE c WHEN 'US' THEN '1' WHEN 'ES' THEN 'x' WHEN 'PL' THEN 'x' ELSE '0' END;
CREATE MACRO digits(c) AS CASE WHEN c IN ('US', 'GB', 'IN') THEN 10 ELSE 9 END;
CREATE MACRO phone_of(p, c) AS CASE
  WHEN p[1] = '+' THEN p
  WHEN p[1:2] = '00' THEN '+' || p[3:]
  WHEN starts_with(p, cc(c)) AND length(p) = digits(c) + length(cc(c)) THEN '+' || p
  WHEN p[1] = trunk(c) AND length(p) = digits(c) + 1 THEN '+' || cc(c) || p[2:]
  ELSE '+' || cc(c) || p END;
"""

MATCH = """
CREATE TEMP TABLE found AS
WITH raw AS (
  SELECT trim(username) u, trim(email) e, trim(phone) p, upper(trim(country)) c,
    (CASE WHEN trim(email) <> '' THEN 1 ELSE 0 END) | (CASE WHEN trim(phone) <> '' THEN 2 ELSE 0 END)
    | (CASE WHEN trim(username) <> '' THEN 4 ELSE 0 END) | (CASE WHEN trim(full_name) <> '' THEN 16 ELSE 0 END)
    | (CASE WHEN trim(city) <> '' THEN 32 ELSE 0 END) | (CASE WHEN trim(country) <> '' THEN 64 ELSE 0 END) x
  FROM read_csv('{dir}/dump.csv', header = true, all_varchar = true, quote = '"', escape = '"', delim = ',',
    columns = {{'id': 'VARCHAR', 'username': 'VARCHAR', 'full_name': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR',
      'city': 'VARCHAR', 'country': 'VARCHAR'}}, nullstr = 'NEVER THERE')
), leak AS (
  SELECT ltrim(lower(u), '@') u, lower(e) a, CASE WHEN e <> '' THEN mailbox(lower(e)) END m,
    CASE WHEN p <> '' THEN phone_of(regexp_replace(p, '[^0-9+]', '', 'g'), c) END p, x FROM raw
), hits AS (
  SELECT d.number n, 8 k, x FROM leak JOIN directory d ON leak.u = d.u
  UNION ALL SELECT d.number, CASE WHEN leak.a = d.a THEN 3 ELSE 2 END, x FROM leak JOIN directory d ON leak.m = d.m
  UNION ALL SELECT d.number, 4, x FROM leak JOIN directory d ON leak.p = d.p
)
SELECT n, bit_or(k) k, bit_or(x) x FROM hits GROUP BY n
"""


def told(what, since):
    now = (time.monotonic(), resource.getrusage(resource.RUSAGE_SELF))
    cpu = lambda r: r.ru_utime + r.ru_stime
    wall, used = now[0] - since[0], cpu(now[1]) - cpu(since[1])
    print(f"duckdb {what}: {wall:.2f} s, {used:.2f} CPU s, peak {now[1].ru_maxrss // 1024} MB", flush=True)


def moment():
    return (time.monotonic(), resource.getrusage(resource.RUSAGE_SELF))


db = duckdb.connect()
db.execute("SET threads = 2; SET preserve_insertion_order = false;")
for statement in MACROS.split(";"):
    if statement.strip():
        db.execute(statement)
start = moment()
db.execute(f"""CREATE TABLE directory AS
  SELECT number, lower(username) u, lower(email) a, CASE WHEN email <> '' THEN mailbox(lower(email)) END m,
    CASE WHEN phone <> '' THEN phone END p
  FROM read_csv('{DIR}/dir{ACCOUNTS}.csv', header = true, nullstr = 'NEVER THERE',
    columns = {{'number': 'UINTEGER', 'username': 'VARCHAR', 'email': 'VARCHAR', 'phone': 'VARCHAR'}})""")
told("load", start)
start = moment()
db.execute(MATCH.format(dir=DIR))
told("match", start)
accounts, strong, checksum = db.execute(
    "SELECT count(*), count(*) FILTER (k & 13 <> 0), sum((n % 1000003 + 1)::HUGEINT * (k | (x << 5))) FROM found"
).fetchone()
print(f"duckdb accounts {accounts} strong {strong} checksum {checksum}")
