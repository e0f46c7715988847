//! The format of metrics: OpenMetrics 1.0 (specs/om/open_metrics_spec.md of Prometheus) or the text format 0.0.4 ("Exposition
//! formats" in Prometheus' documentation), which every program reads. Pure.

use std::collections::BTreeSet;

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text";

/// A format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4.
    Text,
}

impl Format {
    /// The format that an `Accept` header prefers (RFC 9110, section 12.5.1): the text format if anything is accepted, as browsers
    /// and curl say, and OpenMetrics without the header.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let Some(accept) = accept else {
            return Self::OpenMetrics;
        };
        let mut open_metrics: f32 = 0.0;
        let mut text: f32 = 0.0;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse().ok());
            let quality = quality.unwrap_or(1.0);
            match kind.as_str() {
                OPEN_METRICS => open_metrics = open_metrics.max(quality),
                "text/plain" | "text/*" => text = text.max(quality),
                _ => {}
            }
        }
        if open_metrics > 0.0 && open_metrics >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// Its content type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The text format of what is in OpenMetrics: there a counter's help and type have its name without `_total`, and
/// there are units and an end.
pub(super) fn text(open_metrics: &str) -> String {
    let counter = |line: &str| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        (kind == "counter").then(|| name.to_owned())
    };
    let counters: BTreeSet<String> = open_metrics.lines().filter_map(counter).collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let about = ["# HELP ", "# TYPE "].into_iter().find(|about| line.starts_with(about));
        match about {
            Some(about) => {
                let rest = line.get(about.len()..).unwrap_or_default();
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let suffix = if counters.contains(name) { "_total" } else { "" };
                text.push_str(&format!("{about}{name}{suffix} {rest}\n"));
            }
            None if line.starts_with('#') => {}
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_open_metrics_gets_it() {
        use Format::{OpenMetrics, Text};
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;\
            escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let prometheus_2 =
            "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, expected) in [
            ("", Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("text/plain", Text),
            (prometheus_3, OpenMetrics),
            (prometheus_2, OpenMetrics),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Text),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.7", Text),
            ("Application/OpenMetrics-Text", OpenMetrics),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=soon", OpenMetrics),
            (";;,q=,", Text),
        ] {
            assert_eq!(Format::accepted(Some(accept)), expected, "{accept:?}");
        }
        assert_eq!(Format::accepted(None), OpenMetrics);
    }

    #[test]
    fn the_text_format_calls_a_counter_by_its_whole_name() {
        let open_metrics = "# HELP a_b Some help.\n# TYPE a_b counter\na_b_total{c=\"# TYPE x counter\"} 1\n\
            # HELP d_seconds Help.\n# TYPE d_seconds histogram\n# UNIT d_seconds seconds\n\
            d_seconds_sum 0.5\n# EOF\n";
        let expected = "# HELP a_b_total Some help.\n# TYPE a_b_total counter\n\
            a_b_total{c=\"# TYPE x counter\"} 1\n# HELP d_seconds Help.\n# TYPE d_seconds histogram\n\
            d_seconds_sum 0.5\n";
        assert_eq!(text(open_metrics), expected);
    }
}
