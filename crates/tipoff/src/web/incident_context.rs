//! The list from which an incident's page was opened: its neighbours are those of the list.
//!
//! The page's address has the list's own filter behind the incident's number, with `in=review` for the review.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use tipoff_model::IncidentId;
use tipoff_spool::{IncidentFilter, IncidentLine, Reader, Spool};

use super::AppState;
use super::access::Principal;
use super::extract::Query;
use super::incident_query::{IncidentQuery, blank};
use super::page::PageProblem;
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;
use super::review_query::{ReviewQuery, ReviewView};

/// Which list it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextQuery {
    /// `review`; else it is the timeline.
    #[serde(rename = "in", deserialize_with = "blank")]
    list: Option<String>,
}

/// The list with its filter.
pub(super) enum IncidentContext {
    Timeline(Box<IncidentFilter>, String),
    Review(Box<ReviewView>),
}

/// Links to the incidents before and after one in its list.
pub(super) struct Neighbours {
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    /// The words on the links.
    pub(super) words: [String; 2],
}

impl FromRequestParts<AppState> for IncidentContext {
    /// It names the part of the address that is wrong.
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageProblem> {
        let Ok(clock) = ReaderClock::from_request_parts(parts, state).await;
        let Query(context) = Query::<ContextQuery>::from_request_parts(parts, state).await?;
        if context.list.as_deref() == Some("review") {
            let Query(review) = Query::<ReviewQuery>::from_request_parts(parts, state).await?;
            return Ok(Self::Review(Box::new(review.view(&clock)?)));
        }
        let Query(timeline) = Query::<IncidentQuery>::from_request_parts(parts, state).await?;
        let reader = Principal::from_request_parts(parts, state).await?.reader();
        let filter = timeline.filter(&clock, reader.as_ref())?;
        let filter = IncidentFilter { only: None, ..filter };
        Ok(Self::Timeline(Box::new(filter), timeline.to_address()))
    }
}

impl IncidentContext {
    /// The query that follows the number in the address of an incident of this list.
    fn address(&self) -> String {
        match self {
            Self::Timeline(_, address) if address.is_empty() => String::new(),
            Self::Timeline(_, address) => format!("?{address}"),
            Self::Review(view) => format!("?in=review&{}", view.to_address()),
        }
    }

    /// The incidents before and after this one.
    pub(super) async fn neighbours(
        &self,
        spool: &dyn Spool,
        reader: Option<&Reader>,
        of: &IncidentLine,
    ) -> Result<Neighbours, Problem> {
        let (previous, next) = match self {
            Self::Review(view) => view.neighbours(spool, reader, of).await?,
            Self::Timeline(filter, _) => {
                let filter = |before: Option<IncidentId>, after: Option<IncidentId>| {
                    let mut filter = IncidentFilter { before, after, ..(**filter).clone() };
                    if after.is_some() {
                        // It was seen on the way.
                        filter.unseen_by = None;
                    }
                    filter
                };
                let newer = spool.incidents(&filter(None, Some(of.id)), 1).await?;
                let older = spool.incidents(&filter(Some(of.id), None), 1).await?;
                (first(&newer), first(&older))
            }
        };
        let link = |id: i64| format!("incidents/{id}{}", self.address());
        let words = match self {
            Self::Review(_) => [text("review-previous"), text("review-next")],
            Self::Timeline(..) => [text("timeline-newer"), text("timeline-older")],
        };
        let words = words.map(|word| word.to_string());
        Ok(Neighbours { previous: previous.map(link), next: next.map(link), words })
    }
}

fn first(lines: &[IncidentLine]) -> Option<i64> {
    lines.first().map(|line| line.id.0)
}
