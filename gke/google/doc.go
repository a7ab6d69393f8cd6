// Package google asks Google's APIs about one cluster, and which clusters there are.
//
// Only methods that read are called: of the GKE API GetCluster, GetServerConfig,
// ListClusters, ListOperations, FetchClusterUpgradeInfo and FetchNodePoolUpgradeInfo; of
// Compute, Recommender, Cloud Monitoring and Cloud Resource Manager lists and gets.
package google
