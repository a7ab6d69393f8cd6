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
//		c := controlplane.Start(t, controlplane.Options{Minor: "1.35"})
//		outcome, err := c.Upgrade(t.Context(), "1.36", controlplane.UpgradeOptions{})
//		…
//	}
//
// A minor is added as a directory like v1.36: a go.mod with the tool directive
// k8s.io/kubernetes/cmd/kube-apiserver and upstream's replace directives, each
// ./staging/src/k8s.io/X turned into k8s.io/X v0.MINOR.PATCH and the sample-*
// ones left out, then "go mod tidy" in it, and a line in package binaries.
package controlplane
