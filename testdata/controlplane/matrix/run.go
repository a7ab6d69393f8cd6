package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

const (
	// settled is how long an API server needs for what it writes once it is ready.
	settled = time.Second
	// settle is how long to look on once the new replica is ready: longer than
	// what hangs for the timeout has failed and been tried again.
	settle = 12 * time.Second
	// begun is how long the hooks of an undisturbed API server run, and how long
	// the tool needs for its questions to backends that answer.
	begun = 1500 * time.Millisecond
)

// runAll runs the cases, so many at a time, and hands over each result when it
// is there. A case that could not be run does not stop the others.
func runAll(ctx context.Context, cases []Case, jobs int, done func(Result) error) error {
	if len(cases) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "matrix-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tool, err := build(ctx, dir)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(jobs)
	var mu sync.Mutex
	var failures []error
	finished := 0
	r := runner{tool: tool}
	for i, c := range cases {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			result, err := r.run(ctx, filepath.Join(dir, fmt.Sprint(i)), c)
			mu.Lock()
			defer mu.Unlock()
			finished++
			if err == nil {
				err = done(result)
				fmt.Fprintf(os.Stderr, "[%d/%d] %s\n", finished, len(cases), result)
			} else {
				fmt.Fprintf(os.Stderr, "[%d/%d] %s: %v\n", finished, len(cases), c.ID, err)
			}
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", c.ID, err))
			}
			return nil
		})
	}
	_ = g.Wait()
	return errors.Join(append(failures, ctx.Err())...)
}

type runner struct {
	tool tool
	// alone lets one API server start at a time, or one tool ask, for as long as
	// that takes where nothing holds it up: a forecast is for a machine of its own.
	// What the cases do beside that is to wait.
	alone sync.Mutex
}

// occupy takes the machine and returns what gives it back, which may be called again.
func (r *runner) occupy() (release func()) {
	r.alone.Lock()
	var once sync.Once
	return func() { once.Do(r.alone.Unlock) }
}

func (r *runner) run(ctx context.Context, dir string, c Case) (Result, error) {
	cluster, err := r.start(ctx, dir, c)
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	defer cluster.Stop()
	if err := c.stage.prepare(ctx, cluster); err != nil {
		return Result{}, err
	}
	if err := controlplane.Pause(ctx, settled); err != nil {
		return Result{}, err
	}
	result := Result{ID: c.ID, From: cluster.First.Version, Fault: c.Fault, Policy: c.Policy, Scope: c.Scope}
	if result.Foretold, err = r.foretell(ctx, cluster, c, "pod-network"); err != nil {
		return result, err
	}
	if c.Outside {
		outside, err := r.foretell(ctx, cluster, c, "service-proxy")
		if err != nil {
			return result, err
		}
		result.Outside = &outside
	}
	for life := range c.Lives + 1 {
		out, err := r.upgrade(ctx, cluster, c)
		if err != nil {
			return result, err
		}
		happened, err := observe(out)
		if err != nil {
			return result, err
		}
		result.To = out.Replica.Version
		if life == 0 {
			result.Happened = happened
		} else {
			result.Afterwards = append(result.Afterwards, happened.String())
		}
		if out.State != controlplane.Exited {
			break
		}
	}
	return result, nil
}

// start returns a cluster that has settled.
func (r *runner) start(ctx context.Context, dir string, c Case) (*rig.Cluster, error) {
	defer r.occupy()()
	bounded, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cluster, err := rig.New(bounded, dir, controlplane.Options{Minor: c.From})
	if err != nil {
		return nil, err
	}
	// The address is what an API server writes as the last of all.
	err = wait.PollUntilContextCancel(bounded, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := cluster.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		cluster.Stop()
		return nil, err
	}
	return cluster, nil
}

func (r *runner) foretell(ctx context.Context, cluster *rig.Cluster, c Case, vantage string) (Foretold, error) {
	release := r.occupy()
	defer release()
	time.AfterFunc(begun, release)
	return r.tool.foretell(ctx, cluster.Kubeconfig, c.To, vantage)
}

func (r *runner) upgrade(ctx context.Context, cluster *rig.Cluster, c Case) (controlplane.Outcome, error) {
	if c.SameHost {
		cluster.First.Stop()
	}
	release := r.occupy()
	defer release()
	return cluster.Upgrade(ctx, c.To, controlplane.UpgradeOptions{
		Bound: c.Bound, Settle: settle, SameHost: c.SameHost,
		Answering: func() { time.AfterFunc(begun, release) },
	})
}
