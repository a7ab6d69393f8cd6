package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// flagError says of a flag that there is not, which one may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	err = shortly(err)
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if near := nearest(unknown.GetSpecifiedName(), names); near != nil {
			err = fmt.Errorf("%w: did you mean --%s?", err, strings.Join(near, " or --"))
		}
	}
	return fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())
}

// nearest are up to three names that may have been meant by what was asked.
func nearest(asked string, names []string) []string {
	type candidate struct {
		name string
		far  int
	}
	asked = strings.ToLower(asked)
	var near []candidate
	for _, name := range names {
		lower := strings.ToLower(name)
		far := policy.Distance(asked, lower)
		if len(asked) > 3 && strings.Contains(lower, asked) {
			far = 0
		}
		if far <= max(1, len(asked)/3) {
			near = append(near, candidate{name, far})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return a.far - b.far })
	var out []string
	for _, c := range near[:min(3, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// recordingGiven takes the argument of check for the recording to judge, or says what it
// may have been meant for.
func (f *checkFlags) recordingGiven(args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	if f.recording != "" {
		return fmt.Errorf("--snapshot %s and %s: one recording is judged at a time", f.recording, name)
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		if slices.Contains(contextsIn(f.kubeconfig), name) {
			return fmt.Errorf("%s is no file; for the context of that name pass --context %s", name, name)
		}
		return fmt.Errorf("%s: there is no such file; check takes a recording, or flags that name a cluster, such as --context or --project, --location and --cluster", name)
	}
	f.recording = name
	return nil
}

// otherThan is err, about a file that is not what a flag takes, with what it is instead
// and what shows that, where that can be told.
func otherThan(name string, b []byte, err error) error {
	if what := contentOf(name, b); what != "" {
		return fmt.Errorf("it is %s", what)
	}
	return err
}

// contentOf says what a file of this program, or near it, holds; empty where that can't
// be told.
func contentOf(name string, b []byte) string {
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		return "a zip, as recordings are: gke-preflight check --snapshot " + name + " judges one"
	}
	var head struct {
		Schema  string `json:"schema"`
		Kind    string `json:"kind"`
		Changes []any  `json:"resource_changes"`
		Source  string `json:"source"`
	}
	first, _, _ := bytes.Cut(b, []byte("\n{"))
	if yaml.Unmarshal(first, &head) != nil {
		return ""
	}
	switch {
	case head.Schema == preflight.ReportSchema:
		return "a report: gke-preflight render " + name + " shows it again; what check judges anew is a recording, which gke-preflight snapshot makes"
	case head.Schema == change.Schema:
		return "what changed between two reports, which nightly keeps beside the report itself"
	case head.Schema == fleet.Schema:
		return "the report of a fleet, which fleet makes of reports"
	case head.Schema == watch.Schema:
		return "what watch said: what --record writes can be watched again"
	case head.Source != "":
		return "what watch has recorded: gke-preflight watch --replay " + name + " watches it again"
	case head.Kind == policy.Kind:
		return "a policy: check --policy " + name + " judges by it"
	case head.Kind != "":
		return "a manifest of Kubernetes: gke-preflight simulate --webhook " + name + " judges one"
	case head.Changes != nil:
		return "a plan of Terraform: gke-preflight plan " + name + " judges one"
	}
	return ""
}
