// Package controlplane runs the real thing: kube-apiserver of two minors over
// one etcd, webhook backends behind Services, and Open Policy Agent.
//
// A program that uses it runs in a network and process namespace of its own,
// which [Main] or [Enter] provides without root. There the network 10.77.0.0/16
// is local, so that every API server, backend and Pod has an address that is not
// a loopback one, and all that was started ends when the program ends, however
// it ends. "make controlplane" builds what is run.
//
//	func TestMain(m *testing.M) { os.Exit(controlplane.Main(m)) }
//
//	func TestUpgrade(t *testing.T) {
//		c := controlplane.Start(t, controlplane.Options{})
//		outcome, err := c.Upgrade(t.Context(), controlplane.Newest(t).Minor(), controlplane.UpgradeOptions{})
//		…
//	}
//
// A minor is added by "make minor VERSION=1.37.0", which writes the directory
// v1.37; see docs/new-minor.md.
package controlplane
