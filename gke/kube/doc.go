// Package kube reads the facts that a cluster's API server tells.
//
// It sends GET and LIST requests, and one SelfSubjectReview; it never reads a
// Secret. Lists are paged and projected page by page, so that memory follows
// what a recording holds and not what the cluster does.
package kube
