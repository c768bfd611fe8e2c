//! TLS by rustls, with what the tests make: a certificate to show, or one to trust and no other.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

use crate::Result;
use crate::feed::Feed;

/// The configuration of a server that shows the certificate of these PEM files.
pub fn server_config(cert: &str, key: &str) -> Result<Arc<ServerConfig>> {
    let chain = vec![CertificateDer::from_pem_file(cert)?];
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

pub fn accept(
    config: &Arc<ServerConfig>,
    feed: Feed,
) -> Result<StreamOwned<ServerConnection, Feed>> {
    Ok(StreamOwned::new(
        ServerConnection::new(Arc::clone(config))?,
        feed,
    ))
}

/// The client's side of a connection to 127.0.0.1, where the certificate of the PEM file `ca` is trusted.
pub fn connect(ca: &str, feed: Feed) -> Result<StreamOwned<ClientConnection, Feed>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = IpAddr::from(Ipv4Addr::LOCALHOST).into();
    Ok(StreamOwned::new(
        ClientConnection::new(Arc::new(config), name)?,
        feed,
    ))
}
