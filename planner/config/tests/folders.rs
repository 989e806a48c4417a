//! Folders of files: modules, variables, files of values.
