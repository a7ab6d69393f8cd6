// Package controlplane runs the real thing: etcd, and kube-apiservers of any minor over
// it, one beside the other as a rolling upgrade does or as a kubelet restarts them, and
// webhook backends that behave as they are told. What users rehearse and what our own
// tests prove the forecast with run by it alike.
//
// It needs neither root nor a namespace: by default all listen on 127.0.0.1. Package rig
// beside it adds, for tests, a network in which Services lead somewhere. A program that
// uses it calls [Become] first in its main function, and [Cluster.Stop] before it ends.
//
//	c, err := controlplane.New(ctx, dir, controlplane.Options{})
//	outcome, err := c.Upgrade(ctx, "1.37", controlplane.UpgradeOptions{})
//
// A minor is added by "make minor VERSION=1.37.0", which writes v1.37.mod to
// binaries/modules; see docs/new-minor.md.
package controlplane
