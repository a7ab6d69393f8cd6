package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	allSteps = "all"
	// ofPool stands before the name of a node pool that is also that of a step.
	ofPool = "pool/"
)

// poolName is what GKE takes for the name of a node pool
// (cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.nodePools).
var poolName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)

// stepsFlag is what the verdict is about: a step, all of them, or a node pool. It is
// empty for the steps of the pipeline, or the control plane's alone.
type stepsFlag string

func (f *stepsFlag) bind(cmd *cobra.Command, recording *string) {
	cmd.Flags().StringVar((*string)(f), "steps", "", "what the verdict and the exit code are about: "+strings.Join(stepNames(), ", ")+", or a node pool by its name; default: control-plane")
	_ = cmd.RegisterFlagCompletionFunc("steps", func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		names := stepNames()
		for _, file := range append(slices.Clone(args), *recording) {
			if s, err := load(file); err == nil {
				names = append(names, preflight.PoolsOf(s)...)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func stepNames() []string {
	var names []string
	for _, s := range preflight.Steps() {
		names = append(names, string(s))
	}
	return append(names, allSteps)
}

// pool is the node pool that the flag names; empty where it names none.
func (f stepsFlag) pool() string {
	if f == "" || slices.Contains(stepNames(), string(f)) {
		return ""
	}
	return strings.TrimPrefix(string(f), ofPool)
}

// validate says what can be told to be wrong before any cluster is looked at.
func (f stepsFlag) validate() error {
	if pool := f.pool(); strings.HasPrefix(string(f), ofPool) && pool == "" || pool != "" && !poolName.MatchString(pool) {
		return fmt.Errorf("--steps: %q is neither one of %s nor the name of a node pool", string(f), strings.Join(stepNames(), ", "))
	}
	return nil
}

// of is what the flag says of a cluster; no steps where it was not given.
func (f stepsFlag) of(s *facts.Snapshot) (preflight.Ask, error) {
	switch pool, pools := f.pool(), preflight.PoolsOf(s); {
	case f == "":
		return preflight.Ask{}, nil
	case f == allSteps:
		return preflight.Ask{Steps: preflight.Steps()}, nil
	case pool == "":
		return preflight.Ask{Steps: []preflight.Step{preflight.Step(f)}}, nil
	case len(preflight.PoolsUnseen(s, pool)) == 0:
		return preflight.Ask{Steps: []preflight.Step{preflight.NodesStep}, Pools: []string{pool}}, nil
	case pools == nil:
		return preflight.Ask{}, fmt.Errorf("--steps %s: which node pools there are was not seen; --steps nodes is about all of them", f)
	default:
		return preflight.Ask{}, fmt.Errorf("--steps %s: the cluster has no such node pool: it has %s; the steps are %s", f, strings.Join(pools, ", "), strings.Join(stepNames(), ", "))
	}
}
