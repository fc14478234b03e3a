//! Stories of monitors.

use super::Story;

/// Monitors in groups, beside a pool that fails over.
pub(super) fn several() -> Story {
    let text = "heartbeat_secret = \"HEARTBEAT_KEY\"\n\
        [defaults]\ninterval = \"5s\"\nvantages = [\"apac\", \"enam\", \"weur\"]\n\
        [page]\ntitle = \"Orchard status\"\ngroups = [\"Jobs\", \"Products\"]\norder = [\"wiki\"]\n\
        links = [{ text = \"Support\", url = \"mailto:help@example.com\" }]\n\
        logo = \"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><circle cx='4' cy='4' r='4'/></svg>\"\n\
        [[monitor]]\nname = \"memo\"\ntitle = \"Memo (EU)\"\ngroup = \"Products\"\nurl = \"https://10.0.0.1\"\n\
        description = \"Notes and lists\"\nlink = \"https://memo.example.com/\"\ntags = [\"team-a\", \"eu\"]\n\
        [[monitor]]\nname = \"wiki\"\ntitle = \"\u{648}\u{64a}\u{643}\u{64a} 2\"\ngroup = \"Products\"\nurl = \"https://10.0.0.2\"\n\
        [[monitor]]\nname = \"backup\"\ntitle = \"Nightly backup\"\ngroup = \"Jobs\"\nkind = \"heartbeat\"\nperiod = \"1h\"\n\
        [[pool]]\nname = \"shop\"\ntitle = \"The shop\"\ndescription = \"Sells fruit\"\n\
        [[pool.origin]]\nname = \"primary\"\ntitle = \"Z\u{fc}rich \u{1f468}\u{200d}\u{1f4bb}\"\nurl = \"https://10.0.0.3\"\n\
        [[pool.origin]]\nname = \"standby\"\nurl = \"https://10.0.0.4\"\npriority = 1\n";
    let passing = "memo/memo + wiki/wiki + shop/primary + shop/standby +";
    Story::under(text).beats("backup/backup").seen("apac enam weur", passing)
}

/// The example of forty monitors, two of which fail.
pub(super) fn forty() -> Story {
    let story = Story::under(include_str!("../../../../examples/forty-monitors.toml"));
    let ids = |jobs: bool| {
        let pools = story.config.pools.iter().filter(move |pool| pool.is_of_heartbeats() == jobs);
        pools.map(|pool| format!("{0}/{0}", pool.name)).collect::<Vec<_>>()
    };
    let vote =
        |id: String| format!("{id} {}", if ["chat/chat", "jp/jp"].contains(&&*id) { "-" } else { "+" });
    let (jobs, votes) = (ids(true), ids(false).into_iter().map(vote).collect::<Vec<_>>());
    story.beats(&jobs.join(" ")).seen("apac enam weur", &votes.join(" "))
}

/// So many monitors in one group, of which the last one fails.
pub(super) fn crowd(count: usize) -> Story {
    let mut text = String::from("[defaults]\nvantages = [\"apac\", \"enam\", \"weur\"]\n");
    let mut votes = Vec::new();
    for number in 1..=count {
        text += &format!(
            "[[monitor]]\nname = \"site-{number}\"\ntitle = \"Site {number}\"\ngroup = \"All\"\nurl = \"https://10.0.0.1\"\n"
        );
        votes.push(format!("site-{number}/site-{number} {}", if number == count { "-" } else { "+" }));
    }
    Story::under(&text).seen("apac enam weur", &votes.join(" "))
}

/// Everything that people may write, as hostile as it is taken.
pub(super) fn titled() -> Story {
    let evil = "<img src=x onerror=alert(1)> & \\\"q\\\" '";
    let long = "\u{6771}".repeat(80);
    let text = format!(
        "[defaults]\nvantages = [\"apac\", \"enam\", \"weur\"]\n\
         [page]\ntitle = \"{evil}\"\nlogo = \"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><text y='8'>%22></text></svg>\"\nlinks = [{{ text = \"{evil}\", url = \"https://a.example/?a=1&b='\" }}]\n\
         [[monitor]]\nname = \"memo\"\ntitle = \"{evil}\"\ngroup = \"{evil}\"\ndescription = \"{evil}\"\n\
         link = \"https://a.example/?a='&b=1\"\ntags = [\"<u>\", \"&amp;\"]\nurl = \"https://10.0.0.1\"\n\
         [[monitor]]\nname = \"long\"\ntitle = \"{long}\"\ngroup = \"{long}\"\nurl = \"https://10.0.0.2\"\n\
         [[pool]]\nname = \"shop\"\ntitle = \"{evil}\"\n[[pool.origin]]\nname = \"a\"\ntitle = \"{evil}\"\nurl = \"https://10.0.0.3\"\n",
    );
    Story::under(&text).seen("apac enam weur", "memo/memo - long/long - shop/a -")
}
