//! The HTTP side of the API: paths, queries, content negotiation, bodies and answers. Knows no kind and no
//! store.

mod answer;
mod body;
mod negotiate;
mod path;
mod query;

pub use answer::Body;
pub(crate) use answer::{Answer, Payload, stream};
pub(crate) use body::{MediaType, RequestBody, read_body, unsupported};
pub(crate) use negotiate::{Accept, Encoding, Shape};
pub(crate) use path::{Route, Target};
pub(crate) use query::Query;
