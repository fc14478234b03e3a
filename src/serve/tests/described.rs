//! `/openapi.json` against the route table and the documents.

use std::collections::BTreeSet;

use super::*;

fn described() -> Value {
    serde_json::from_str(&get("/openapi.json", &snapshot(Status::Pass, Status::Pass)).body).unwrap()
}

#[test]
fn every_row_of_the_route_table_is_described_and_nothing_else() {
    let described = described();
    let paths: BTreeSet<String> = described["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, PATHS.iter().map(|path| (*path).to_owned()).collect());
    assert_eq!(described["openapi"], "3.1.0");
    assert_eq!(described["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_described_path_answers() {
    let config = shop();
    for (path, item) in described()["paths"].as_object().unwrap() {
        let target = path
            .replace("{pool}", "shop")
            .replace("{origin}", "primary")
            .replace("{token}", "x")
            .replace("{badge}", "shop.svg")
            .replace("{id}", "shop-x");
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let ask = Ask { method: &method, ..ask(&target) };
            // What needs more than the configuration is answered by others.
            let Plan::Done(answer) = plan(Ok(&config), &ask) else { continue };
            let expected = match path.as_str() {
                "/v1/heartbeat/{token}" => 404,
                path if path.starts_with("/sign-") => 404,
                // A pool is no monitor.
                "/monitor/{pool}" => 404,
                // Nobody may write.
                "/v1/announcement" | "/v1/audit" => 403,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{method} {target}");
        }
    }
}

#[test]
fn documents_have_the_members_that_are_described() {
    let described = described();
    for list in List::ALL {
        let path = &described["paths"][format!("/v1/{}", list.as_str())]["get"];
        let fields =
            path["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "fields").unwrap();
        let fields: Vec<&str> =
            fields["schema"]["items"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let kind = list.as_str().trim_end_matches('s');
        let kind = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
        let schema = described["components"]["schemas"][&kind]["properties"].as_object().unwrap();
        let members: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
        assert_eq!(fields.iter().copied().collect::<BTreeSet<_>>(), members, "{list:?}");
        assert_eq!(fields, api::fields(list), "{list:?}");
    }
}
