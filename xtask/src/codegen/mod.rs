//! Generators of committed files.

mod kinds;
mod messages;
mod schema;

use std::path::PathBuf;

/// What to generate.
#[derive(clap::Subcommand)]
pub(crate) enum Codegen {
    /// The definitions of the built-in kinds, from the OpenAPI v3 documents of a Kubernetes release.
    Schema {
        /// Directory `api/openapi-spec/v3` of the Go module `k8s.io/kubernetes` (`go mod download -json
        /// k8s.io/kubernetes@v1.37.2` tells where it lies).
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
    /// The field numbers of the protobuf messages, from the Go types of a Kubernetes release.
    Messages {
        /// Directory of the Go module `k8s.io/api`.
        #[arg(long, value_name = "DIR")]
        api: PathBuf,
        /// Directory of the Go module `k8s.io/apimachinery`.
        #[arg(long, value_name = "DIR")]
        apimachinery: PathBuf,
        /// Directory of the Go module `k8s.io/apiextensions-apiserver`.
        #[arg(long, value_name = "DIR")]
        apiextensions: PathBuf,
        /// Directory of the Go module `k8s.io/kube-aggregator`.
        #[arg(long, value_name = "DIR")]
        aggregator: PathBuf,
    },
}

/// Runs a generator.
pub(crate) fn run(what: Codegen) -> anyhow::Result<()> {
    match what {
        Codegen::Schema { from } => schema::generate(&from),
        Codegen::Messages {
            api,
            apimachinery,
            apiextensions,
            aggregator,
        } => messages::generate(&[
            (&api, "api"),
            (&apimachinery, "apimachinery"),
            (&apiextensions, "apiextensions_apiserver"),
            (&aggregator, "kube_aggregator"),
        ]),
    }
}
