//! `cplan fmt`: configuration files in the usual form.

use crate::args::FmtArgs;
