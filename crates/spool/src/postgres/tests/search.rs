//! Searches for words in blocks of incidents.

use tipoff_testkit::postgres::Server;

use super::super::*;
use super::two_nodes;
use crate::core::incident_search::{Order, Wanted};

/// A history whose numbers are in blocks of each level, with texts that are rare and others that are only old.
const HISTORY: &str = "
    INSERT INTO device (id, key, name) VALUES (1, 'yard', 'Yard');
    CREATE TEMPORARY TABLE new AS SELECT n, 1 + n * (1 + n / 100) * 150 AS id FROM generate_series(1, 600) AS n;
    INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
        SELECT id, 1, 'motion', '', id, id FROM new;
    INSERT INTO words (incident, arrival, words) SELECT id, n,
        CASE WHEN n < 300 THEN 'person' ELSE 'motion' END || CASE n % 50 WHEN 7 THEN ' gate_b' ELSE ' door' END FROM new;
    INSERT INTO words (incident, arrival, words) SELECT id, 1000 + n, 'zaun ' || n FROM new WHERE n % 3 = 0";

/// Whatever blocks a search reads, it finds the next incidents with its texts, also where these came with several
/// arrivals.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_the_next_incidents_of_all_blocks() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, _]) = two_nodes(&database).await;
    database.run(HISTORY).unwrap();
    let numbers = |select: &str| -> Vec<i64> {
        let answer = database.run(select).unwrap();
        answer.lines().map(|line| line.parse().unwrap()).collect()
    };
    let all = numbers("SELECT id FROM incident ORDER BY id");
    for texts in [
        &["door"][..],
        &["person"],
        &["gate_"],
        &["gate", "zaun"],
        &["motion", "zaun 9"],
        &["xy"],
        &["z"],
        &["57"],
    ] {
        let having: Vec<String> =
            texts.iter().map(|text| format!("bool_or(strpos(words, '{text}') > 0)")).collect();
        let with =
            format!("SELECT incident FROM words GROUP BY incident HAVING {}", having.join(" AND "));
        let with = numbers(&with);
        for (order, max, place) in [
            (Order::NewestFirst, 5, 600),
            (Order::NewestFirst, 1_000, 600),
            (Order::NewestFirst, 64, 350),
            (Order::OldestFirst, 5, 0),
            (Order::OldestFirst, 64, 120),
            (Order::OldestFirst, 1_000, 0),
        ] {
            let (above, below) = match order {
                Order::NewestFirst => (0, all.get(place).copied().unwrap_or(i64::MAX)),
                Order::OldestFirst => (all[place], i64::MAX - 1),
            };
            let wanted = Wanted { above, below, order, max };
            let expected = wanted.first_of(with.clone());
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let asked = texts.clone();
            let found =
                a.database.read(move |sql| sql.incidents_with(&asked, &wanted)).await.unwrap();
            assert_eq!(found, Some(expected), "{texts:?} {wanted:?}");
        }
    }
}
