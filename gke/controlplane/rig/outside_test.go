package rig_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// program is one like a lab: a cluster that is left up until it is interrupted.
func program(dir string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT)
	defer stop()
	if err := publish(ctx, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 42
}

func publish(ctx context.Context, dir string) error {
	c, err := rig.New(ctx, filepath.Join(dir, "cluster"), controlplane.Options{Context: "gke_p_l_c"})
	if err != nil {
		return err
	}
	defer c.Stop()
	l, err := rig.Outside(0)
	if err != nil {
		return err
	}
	kubeconfig, err := c.Publish(l)
	if err != nil {
		return err
	}
	if err := os.Symlink(kubeconfig, filepath.Join(dir, "published")); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func TestOutside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd, out := again(t, "none", "RIG_PROGRAM="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	kubeconfig := filepath.Join(dir, "published")
	eventually(t, out, "the program has published its cluster", func() bool { return exists(kubeconfig) })
	cfg, err := (&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}).Load()
	if err != nil || cfg.CurrentContext != "gke_p_l_c" {
		t.Fatalf("the kubeconfig's context is %q: %v", cfg.CurrentContext, err)
	}
	access, err := clientcmd.NewDefaultClientConfig(*cfg, nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := discovery.NewDiscoveryClientForConfig(access)
	if err != nil {
		t.Fatal(err)
	}
	from, _, err := binaries.Hop()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := client.ServerVersion(); err != nil || v.GitVersion != "v"+from.Version {
		t.Errorf("the API server outside is %v: %v", v, err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 42 {
		t.Errorf("interrupted, the program ends with %v: %s", err, out)
	}
	if _, err := rig.Outside(0); err == nil {
		t.Error("a test has a listener outside")
	}
}
