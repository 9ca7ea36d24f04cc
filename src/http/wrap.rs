//! A step around the routes, as a layer of tower's: axum's `from_fn` copies all that is below it for each request, this copies nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use tower::Service;
use tower::layer::{Layer, layer_fn};

use super::{Answering, Shared};

/// What is done with a request, around the service that answers it.
pub type Step<S> = fn(&Shared, &mut S, Request) -> Answering;

/// The layer that takes each request through the step.
pub fn wrap<S>(shared: Shared, step: Step<S>) -> impl Layer<S, Service = Wrapped<S>> + Clone {
    layer_fn(move |inner| Wrapped { inner, shared: Arc::clone(&shared), step })
}

/// A service with a step around it.
#[derive(Clone)]
pub struct Wrapped<S> {
    inner: S,
    shared: Shared,
    step: Step<S>,
}

impl<S: Service<Request, Error = Infallible>> Service<Request> for Wrapped<S> {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answering {
        (self.step)(&self.shared, &mut self.inner, request)
    }
}
