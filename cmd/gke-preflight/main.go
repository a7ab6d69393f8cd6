// Command gke-preflight foretells what an upgrade of a GKE cluster's control
// plane would do, before it is done.
package main

import (
	"io"
	"log"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

func main() {
	if code, failed := controlplane.Become(); failed {
		os.Exit(code)
	}
	klog.SetLogger(logr.Discard())
	// net/http tells there what servers send that nobody asked for.
	log.SetOutput(io.Discard)
	heedFileSizes()
	os.Exit(run(os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}
