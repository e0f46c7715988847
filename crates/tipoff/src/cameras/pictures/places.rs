//! Where the pictures of devices were found: they are not looked for at each alarm.

use std::collections::HashMap;
use std::sync::Mutex;

use tipoff_camera::Login;
use url::Url;

use crate::receive::PictureRequest;
use crate::runtime::lock::lock;

/// Places that are remembered.
const PLACES_MAX: usize = 20_000;

/// Where a device has its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The address of a picture.
    Picture(Url),
    /// A stream of which one frame is taken.
    Stream(Url),
}

/// A device, by its address, its login and the channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PlaceKey(Url, Option<Login>, Option<String>);

impl PlaceKey {
    pub(super) fn of(request: &PictureRequest) -> Self {
        let channel = request.camera.as_ref().and_then(|camera| camera.key());
        Self(request.source.url.clone(), request.source.login.clone(), channel)
    }
}

/// What is remembered.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<PlaceKey, Place>>);

impl Places {
    pub(super) fn of(&self, key: &PlaceKey) -> Option<Place> {
        lock(&self.0).get(key).cloned()
    }

    pub(super) fn remember(&self, key: PlaceKey, place: Place) {
        let mut places = lock(&self.0);
        if places.len() < PLACES_MAX || places.contains_key(&key) {
            places.insert(key, place);
        }
    }

    pub(super) fn forget(&self, key: &PlaceKey) {
        lock(&self.0).remove(key);
    }
}
