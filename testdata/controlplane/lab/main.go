// Command lab stages the incident on the real control plane and leaves it up
// until it is interrupted, to try gke-preflight on from another terminal. "make
// lab" runs it.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

// tool is the program that the lab is for, in the root of the repository.
const tool = "bin/gke-preflight"

func main() { os.Exit(rig.Enter(run)) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := lab(ctx, os.Stdin, os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	}
	return 0
}

// lab returns when ctx is done, or with an error if it could not be set up.
func lab(ctx context.Context, in io.Reader, out io.Writer) error {
	fmt.Fprintln(out, "Starting a control plane with the incident in it …")
	dir, err := os.MkdirTemp("", "gke-preflight-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scene, err := incident.Stage(ctx, dir)
	if err != nil {
		return err
	}
	defer scene.Stop()
	kubeconfig, endpoint, err := publish(scene)
	if err != nil {
		return err
	}
	if err := scene.OPA.Freeze(); err != nil {
		return err
	}
	fmt.Fprintf(out, welcome, scene.First.Version, kubeconfig, endpoint, scene.Target, tool)
	c := &console{scene: scene, out: out}
	go c.read(ctx, in)
	<-ctx.Done()
	return nil
}

const welcome = `
It is up: a regional GKE cluster of 9 nodes on kube-apiserver %[1]s. Open Policy
Agent is a webhook on everything, fails closed, and is frozen. To try, in another
terminal, in the root of the repository:

  export KUBECONFIG=%[2]s
  %[5]s check --gke-endpoint %[3]s --target-version %[4]s

What you can type here:

  thaw      let Open Policy Agent go on
  freeze    stop it again
  upgrade   start kube-apiserver %[4]s beside %[1]s, and see what becomes of it

While it is frozen the nodes' leases run out too: the webhook sees everything.
Ctrl-C ends it all.
`

// publish makes the API server and the GKE API reachable from where the lab was
// started.
func publish(s *incident.Scene) (kubeconfig, endpoint string, err error) {
	l, err := rig.Outside(0)
	if err != nil {
		return "", "", err
	}
	if kubeconfig, err = s.Publish(l); err != nil {
		return "", "", err
	}
	if l, err = rig.Outside(1); err != nil {
		return "", "", err
	}
	server := http.Server{Handler: s.GKE, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return kubeconfig, "http://" + l.Addr().String(), nil
}
