// Package rig runs real control planes for tests, by package controlplane: with webhook
// backends, Open Policy Agent, nodes and kubelets' streaming servers that Services lead to.
//
// A program that uses it runs in a network and process namespace of its own,
// which [Main] or [Enter] provides without root. There the network 10.77.0.0/16
// is local, so that every API server, backend and Pod has an address that is not
// a loopback one, and all that was started ends when the program ends, however
// it ends. "make controlplane" builds what is run.
//
//	func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
//
//	func TestUpgrade(t *testing.T) {
//		c := rig.Start(t, controlplane.Options{})
//		outcome, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{})
//		…
//	}
package rig
