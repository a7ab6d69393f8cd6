// Package gke finds a cluster, by kubeconfig or by name, and reads the facts that
// the GKE API tells of it.
//
// Of the GKE API only methods that read are called: GetCluster,
// GetServerConfig, ListOperations, FetchClusterUpgradeInfo and
// FetchNodePoolUpgradeInfo.
package gke
