//! One client for each camera and login, shared by all who ask it.
//!
//! So a camera has one connection for questions, and a password that it refused is tried by nobody again until the
//! configuration has another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tipoff_camera::{CameraAddress, CameraClient, Login};
use url::Url;

use crate::config::DeviceConfig;
use crate::runtime::lock::lock;

/// The clients. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CameraClients(Arc<Mutex<HashMap<ClientKey, Arc<CameraClient>>>>);

type ClientKey = (CameraAddress, Option<Login>);

impl CameraClients {
    /// The client of the camera of an address; `None` if it is no web address.
    pub(crate) fn of(&self, url: &Url, login: Option<&Login>) -> Option<Arc<CameraClient>> {
        let key = (CameraAddress::of(url)?, login.cloned());
        let mut clients = lock(&self.0);
        let client = clients.entry(key).or_insert_with_key(|(address, login)| {
            Arc::new(CameraClient::new(address.clone(), login.clone()))
        });
        Some(Arc::clone(client))
    }

    /// A client without a login that nobody shares.
    pub(super) fn stranger(url: &Url) -> Arc<CameraClient> {
        let unknown = CameraAddress { host: String::new(), port: 0, is_tls: false };
        let address = CameraAddress::of(url).unwrap_or(unknown);
        Arc::new(CameraClient::new(address, None))
    }

    /// Forgets the clients of cameras that are not in the configuration any more.
    pub(crate) fn keep_only(&self, devices: &[DeviceConfig]) {
        let sources = devices.iter().flat_map(|device| {
            let pull = device.camera.pull.as_ref().map(|it| (&it.url, &it.login));
            let snapshot = device.camera.snapshot.as_ref().map(|it| (&it.url, &it.login));
            pull.into_iter().chain(snapshot)
        });
        let keys: std::collections::HashSet<ClientKey> = sources
            .filter_map(|(url, login)| Some((CameraAddress::of(url)?, login.clone())))
            .collect();
        lock(&self.0).retain(|key, _| keys.contains(key));
    }
}
