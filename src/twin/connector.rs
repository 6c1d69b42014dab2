//! The first door: the twin as the SDK's HTTP client. Nothing leaves the process.

use super::door::Twin;
use super::request::Request;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use std::time::Duration;

/// The address that in-process calls come from: of the block that is kept for documentation, RFC 5737.
const SOURCE_IP: &str = "192.0.2.10";

#[derive(Debug, Clone)]
struct Connector(Twin);

impl Twin {
    /// The twin as an HTTP client for the SDK's configuration.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Connector(self.clone()))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    /// Ready on first poll on a clock that is moved by hand: the SDK's timers never fire there. On any other the answer takes its time.
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.answer(&request);
        match self.0.latency_millis().filter(|_| !self.0.is_moved_by_hand()) {
            None => HttpConnectorFuture::ready(answer),
            Some(millis) => HttpConnectorFuture::new(async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                answer
            }),
        }
    }
}

impl Connector {
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let uri = request.uri();
        let path = uri
            .splitn(4, '/')
            .nth(3)
            .map_or_else(|| "/".to_owned(), |path| format!("/{path}"));
        let mut headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        if !headers.iter().any(|(name, _)| name == "host") {
            let host = uri.split('/').nth(2).unwrap_or_default();
            headers.push(("host".to_owned(), host.to_owned()));
        }
        let reply = self.0.handle(&Request {
            method: request.method().to_owned(),
            path,
            headers,
            body: request.body().bytes().unwrap_or_default().to_vec(),
            source_ip: SOURCE_IP.to_owned(),
        });
        if reply.silent {
            return Err(ConnectorError::timeout(
                "the request was sent and no answer came".into(),
            ));
        }
        let status = StatusCode::try_from(reply.status).map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
        response.headers_mut().insert("content-type", reply.content_type);
        response.headers_mut().insert("x-amzn-requestid", reply.request_id);
        response.headers_mut().insert("date", self.0.service_now().http_date());
        Ok(response)
    }
}
