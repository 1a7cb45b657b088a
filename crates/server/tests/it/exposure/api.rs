//! The API's doors of exposure.
