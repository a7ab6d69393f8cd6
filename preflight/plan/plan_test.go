package plan

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// planOf is a plan with one change of a cluster or a node pool.
func planOf(kind, change string) []byte {
	return []byte(`{"format_version": "1.2", "resource_changes": [{"address": "x.y", "mode": "managed", "type": "` + kind + `", "change": ` + change + `}]}`)
}

const prod = `"project": "shop", "location": "europe-west1", "name": "prod"`

func TestRead(t *testing.T) {
	up := func(u Upgrade) []Upgrade {
		u.Address, u.Project, u.Location, u.Cluster = "x.y", "shop", "europe-west1", "prod"
		if u.Timeout == 0 && !u.ends() && !strings.Contains(u.Changes[0], "made anew") {
			u.Timeout, u.TimeoutMost = time.Hour, 90*time.Minute
			u.Waits = "the provider waits 60m (90m since 7.30); its version is not in the plan"
			if u.NodePool != "" {
				u.Timeout, u.TimeoutMost = 30*time.Minute, 2*time.Hour
				u.Waits = "the provider waits 30m (60m since 7.30, 120m since 7.42); its version is not in the plan"
			}
		}
		if u.TimeoutMost == 0 {
			u.TimeoutMost = u.Timeout
		}
		return []Upgrade{u}
	}
	for _, c := range []struct {
		name, kind, change string
		want               []Upgrade
	}{
		{"nothing changes", clusterType, `{"actions": ["no-op"], "before": {` + prod + `}, "after": {` + prod + `}}`, nil},
		{"a new cluster is no upgrade", clusterType, `{"actions": ["create"], "after": {` + prod + `, "min_master_version": "1.36"}}`, nil},
		{"a change of something else", clusterType, `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "resource_labels": {"a": "b"}}}`, nil},
		{"the control plane", clusterType, `{"actions": ["update"], "before": {` + prod + `, "min_master_version": "1.35", "master_version": "1.35.4-gke.100"}, "after": {` + prod + `, "min_master_version": "1.36"}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version 1.35 -> 1.36"}, Target: "1.36"})},
		{"a minimum that runs already", clusterType, `{"actions": ["update"], "before": {` + prod + `, "min_master_version": "1.34", "master_version": "1.35.4-gke.100"}, "after": {` + prod + `, "min_master_version": "1.35"}}`, nil},
		{"a minimum that is a number", clusterType, `{"actions": ["update"], "before": {` + prod + `, "min_master_version": "1.35"}, "after": {` + prod + `, "min_master_version": 1.36}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version 1.35 -> 1.36"}, Unknown: []string{"min_master_version, which is no text in this plan"}})},
		{"a minimum that stays a number", clusterType, `{"actions": ["update"], "before": {` + prod + `, "min_master_version": 1.36}, "after": {` + prod + `, "min_master_version": 1.36}}`, nil},
		{"Terraform forgets a cluster, and makes another", clusterType, `{"actions": ["forget", "create"], "before": {` + prod + `}, "after": {` + prod + `}}`, nil},
		{"a channel as a block that is no list", clusterType, `{"actions": ["update"], "before": {` + prod + `, "release_channel": {"channel": "STABLE"}}, "after": {` + prod + `, "release_channel": {"channel": "RAPID"}}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"release channel STABLE -> RAPID, to whose version GKE will upgrade"}, Target: "rapid"})},
		{"what is no block where there should be one", nodePoolType, `{"actions": ["update"], "before": {"name": "spot", "cluster": "projects/shop/locations/europe-west1/clusters/prod", "node_config": [[1]]}, "after": {}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, NodePool: "spot", Changes: []string{"node_config [[1]] -> (none)"}, Pools: []facts.PoolChange{{Name: "spot", TimeoutSeconds: 1800, TimeoutMostSeconds: 7200}}})},
		{"a minimum known after apply", clusterType, `{"actions": ["update"], "before": {` + prod + `, "min_master_version": "1.35"}, "after": {` + prod + `}, "after_unknown": {"min_master_version": true}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version 1.35 -> known after apply"}, Unknown: []string{"min_master_version"}})},
		{"control plane and nodes", clusterType, `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "min_master_version": "1.36.3-gke.1", "node_version": "1.36.3-gke.1"}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane, Nodes}, Changes: []string{"min_master_version (none) -> 1.36.3-gke.1", "node_version (none) -> 1.36.3-gke.1"}, Target: "1.36.3-gke.1",
				Pools: []facts.PoolChange{{Name: "default-pool", Version: "1.36.3-gke.1", TimeoutSeconds: 3600, TimeoutMostSeconds: 5400}}})},
		{"another channel", clusterType, `{"actions": ["update"], "before": {` + prod + `, "release_channel": [{"channel": "STABLE"}]}, "after": {` + prod + `, "release_channel": [{"channel": "RAPID"}]}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"release channel STABLE -> RAPID, to whose version GKE will upgrade"}, Target: "rapid"})},
		{"a channel known after apply", clusterType, `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `}, "after_unknown": {"release_channel": [{"channel": true}]}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"release channel (none) -> known after apply"}, Unknown: []string{"release_channel"}})},
		{"recreation", clusterType, `{"actions": ["delete", "create"], "before": {` + prod + `}, "after": {` + prod + `}, "replace_paths": [["network"]]}`,
			up(Upgrade{Kinds: []Kind{Recreation}, Changes: []string{"the cluster is deleted, with all that runs on it, and made anew (by network)"}})},
		{"actions that nobody knows yet", clusterType, `{"actions": ["migrate"], "before": {` + prod + `}, "after": {` + prod + `}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{`actions ["migrate"], which this version does not know`}, Unknown: []string{"what the actions do"}})},
		{"a minimum without a build, of what runs", clusterType, `{"actions": ["update"], "before": {` + prod + `, "master_version": "1.36.3-gke.100"}, "after": {` + prod + `, "min_master_version": "1.36.3"}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version (none) -> 1.36.3"}, Target: "1.36.3"})},
		{"a newer build", clusterType, `{"actions": ["update"], "before": {` + prod + `, "master_version": "1.36.3-gke.900"}, "after": {` + prod + `, "min_master_version": "1.36.3-gke.1000"}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version (none) -> 1.36.3-gke.1000"}, Target: "1.36.3-gke.1000"})},
		{"the build that runs", clusterType, `{"actions": ["update"], "before": {` + prod + `, "master_version": "1.36.3-gke.100"}, "after": {` + prod + `, "min_master_version": "1.36.3-gke.100"}}`, nil},
		{"a node pool within the cluster", clusterType, `{"actions": ["update"], "before": {` + prod + `, "node_pool": [{"name": "a", "version": "1.34"}, {"name": "b", "version": "1.34"}]}, "after": {` + prod + `, "node_pool": [{"name": "b", "version": "1.35"}, {"name": "new", "version": "1.35"}, {}]}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, Changes: []string{"node pool b: version 1.34 -> 1.35"}, Pools: []facts.PoolChange{{Name: "b", Version: "1.35", From: "1.34", TimeoutSeconds: 3600, TimeoutMostSeconds: 5400}}})},
		{"a node pool within the cluster, known after apply", clusterType, `{"actions": ["update"], "before": {` + prod + `, "node_pool": [{"name": "a", "version": "1.34"}]}, "after": {` + prod + `, "node_pool": [{"name": "a"}]}, "after_unknown": {"node_pool": [{"version": true}]}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, Changes: []string{"node pool a: version 1.34 -> known after apply"}, Unknown: []string{"version of node pool a"}, Pools: []facts.PoolChange{{Name: "a", From: "1.34", TimeoutSeconds: 3600, TimeoutMostSeconds: 5400}}})},
		{"all node pools known after apply", clusterType, `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `}, "after_unknown": {"node_pool": true}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, Changes: []string{"node_pool -> known after apply"}, Unknown: []string{"node_pool"}})},
		{"all known after apply", nodePoolType, `{"actions": ["update"], "before": {"name": "spot", "version": "1.35", "cluster": "projects/shop/locations/europe-west1/clusters/prod"}, "after_unknown": true}`,
			up(Upgrade{Kinds: []Kind{Nodes}, NodePool: "spot", Changes: []string{"version 1.35 -> known after apply"}, Unknown: []string{"version"}, Pools: []facts.PoolChange{{Name: "spot", From: "1.35", TimeoutSeconds: 1800, TimeoutMostSeconds: 7200}}})},
		{"a short timeout", clusterType, `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "min_master_version": "1.36", "timeouts": {"create": null, "update": "20m"}}}`,
			up(Upgrade{Kinds: []Kind{ControlPlane}, Changes: []string{"min_master_version (none) -> 1.36"}, Target: "1.36", Timeout: 20 * time.Minute,
				Warnings: []string{"timeouts.update is 20m, less than the provider's own 60m (90m since 7.30): when it is over the pipeline fails, while GKE goes on"}})},
		{"a node pool, by the cluster's ID", nodePoolType, `{"actions": ["update"], "before": {"name": "spot", "version": "1.35.4-gke.100", "cluster": "projects/shop/locations/europe-west1/clusters/prod"}, "after": {"version": "1.36.3-gke.1"}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, NodePool: "spot", Changes: []string{"version 1.35.4-gke.100 -> 1.36.3-gke.1"}, Pools: []facts.PoolChange{{Name: "spot", Version: "1.36.3-gke.1", From: "1.35.4-gke.100", TimeoutSeconds: 1800, TimeoutMostSeconds: 7200}}})},
		{"a node pool anew", nodePoolType, `{"actions": ["create", "delete"], "before": {"name": "spot", "project": "shop", "location": "europe-west1", "cluster": "prod"}}`,
			up(Upgrade{Kinds: []Kind{Nodes}, NodePool: "spot", Changes: []string{"the node pool is deleted, and made anew"}, Pools: []facts.PoolChange{{Name: "spot"}}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(planOf(c.kind, c.change))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A resource that is written in another way than Terraform writes it never passes: not
// where it lacks its mode, nor where it is no object.
func TestReadOddResources(t *testing.T) {
	const changes = `"change": {"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "min_master_version": "1.36"}}`
	got, err := Read([]byte(`{"format_version": "1.2", "resource_changes": [{"address": "x.y", "type": "google_container_cluster", ` + changes + `}]}`))
	if err != nil || len(got) != 1 || got[0].Target != "1.36" {
		t.Errorf("without its mode: %+v, %v", got, err)
	}
	got, err = Read([]byte(`{"format_version": "1.2", "resource_changes": [{"address": "x.y", "mode": "data", "type": "google_container_cluster", ` + changes + `}]}`))
	if err != nil || got != nil {
		t.Errorf("a data source: %+v, %v", got, err)
	}
	for _, change := range []string{`{"actions": ["update"], "before": [1], "after": {}}`, `{"actions": ["update"], "before": {` + prod + `}, "after": "x"}`} {
		if got, err = Read(planOf(clusterType, change)); err != nil || len(got) != 1 || !slices.Contains(got[0].Unknown, "the change") {
			t.Errorf("%s: %+v, %v", change, got, err)
		}
	}
}

// A cluster that can't be named, and a change that is put off, are never passed over.
func TestReadUndecided(t *testing.T) {
	got, err := Read(planOf(clusterType, `{"actions": ["update"], "before": {"name": "prod"}, "after": {"min_master_version": "1.36"}}`))
	if err != nil || len(got) != 1 || len(got[0].Unknown) != 1 {
		t.Errorf("without project and location: %+v, %v", got, err)
	}
	got, err = Read([]byte(`{"format_version": "1.2", "deferred_changes": [{"reason": "provider_config_unknown", "resource_change": {"address": "x.y", "mode": "managed", "type": "google_container_cluster", "change": {"actions": ["update"]}}}]}`))
	if err != nil || len(got) != 1 || len(got[0].Unknown) == 0 {
		t.Errorf("deferred: %+v, %v", got, err)
	}
}

func TestReadSaysWhatItIsInstead(t *testing.T) {
	for content, want := range map[string]string{
		"":                                 "is empty",
		"PK\x03\x04":                       "a saved plan itself",
		`{"format_version": "1.2"`:         "no JSON",
		`{"a": 1}`:                         "no plan",
		`[]`:                               "plan",
		`{"type": "version", "ui": "1.2"}`: "log of plan -json",
		`{"format_version": "9.0"}`:        "unsupported plan format version",
		`{"format_version": "1.0"}`:        "a state, not a plan",
		`{"format_version": "1.0", "values": {"root_module": {}}}`:           "a state, not a plan",
		`{"format_version": "1.2", "planned_values": {}, "errored": true}`:   "ended in an error",
		`{"format_version": "1.2", "planned_values": {}, "errored": "what"}`: "can't be read as a plan: what stands at errored is of another type (string) than in plans; make it by",
		`{"format_version": "1.2", "resource_changes": {}}`:                  "can't be read as a plan: what stands at resource_changes is of another type (object)",
		" \n":                      "is empty",
		"\x1f\x8b\x08":             "compressed by gzip",
		zipOf("tfplan", "tfstate"): "a saved plan itself, not JSON",
		zipOf("meta.json"):         "a recording of a cluster, not a plan",
		zipOf("readme.md"):         "a zip archive without a plan",
		`{"@level": "info", "type": "version"}` + "\n" + `{"@level": "info", "type": "planned_change"}`: "log of plan -json",
		`{"meta": {}, "encrypted_data": "AAAA", "encryption_version": "v0"}`:                            "encrypted by OpenTofu",
		`{"remote_plan_format": 1, "run_id": "run-1", "hostname": "app.terraform.io"}`:                  "HCP Terraform, which only names its run run-1",
		`{"version": 4, "serial": 3, "lineage": "x", "resources": []}`:                                  "a state file",
		`{"schema": "gke-preflight/report/v1"}`:                                                         "a report of gke-preflight",
		`{"format_version": "1.0", "provider_schemas": {}}`:                                             "schemas of providers",
		`{"format_version": "1.0", "valid": true, "diagnostics": []}`:                                   "terraform validate -json",
		`{"format_version": "1.2", "planned_values": {}}` + "\n" + `{"format_version": "1.2"}`:          "more than one plan",
		`{"format_version": "1.2", "planned_values": {"a`:                                               "ends in the middle",
		"\nTerraform used the selected providers to generate\n":                                         "a plan in words",
		"<html>":         "a page or XML",
		"Error: oh no\n": "is no JSON: it begins with \"Error: oh no\"",
	} {
		if _, err := Read([]byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

func zipOf(names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		_, _ = w.Create(name)
	}
	_ = w.Close()
	return b.String()
}

// A file as PowerShell, setup-terraform or a careful editor writes it reads like the plan
// that is in it.
func TestReadAsTheyCome(t *testing.T) {
	b := planOf(clusterType, `{"actions": ["update"], "before": {`+prod+`}, "after": {`+prod+`, "min_master_version": "1.36"}}`)
	want, err := Read(b)
	if err != nil || len(want) != 1 {
		t.Fatal(want, err)
	}
	wide := func(high, low int) (w []byte) {
		for _, c := range b {
			pair := []byte{0, 0}
			pair[low], pair[high] = c, 0
			w = append(w, pair...)
		}
		return w
	}
	for name, content := range map[string]string{
		"UTF-8 with a mark":         "\xef\xbb\xbf" + string(b),
		"UTF-16, little-endian":     "\xff\xfe" + string(wide(1, 0)),
		"UTF-16, big-endian":        "\xfe\xff" + string(wide(0, 1)),
		"UTF-16 without a mark":     string(wide(1, 0)),
		"the other, without a mark": string(wide(0, 1)),
		"setup-terraform":           "[command]/opt/terraform-bin show -json tfplan\r\n" + string(b) + "\r\n::debug::Terraform exited with code 0.\n::set-output name=exitcode::0\n",
		"within a group":            "::group::show\n" + string(b) + "\n::endgroup::\n",
		"UTF-16 of setup-terraform": "\xef\xbb\xbf[command]terraform show -json\n" + string(b) + "\n\n",
	} {
		if got, err := Read([]byte(content)); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Whatever a plan holds is read or refused, and what is found has a name and a reason.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/terraform/*.json")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(planOf(clusterType, `{"actions": ["update"], "before": {`+prod+`}, "after": {"min_master_version": "1.36", "timeouts": {"update": "x"}}, "after_unknown": {"release_channel": [1]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := Read(b)
		if err != nil && found != nil {
			t.Error("both")
		}
		for _, u := range found {
			if len(u.Kinds) == 0 || len(u.Changes) == 0 {
				t.Errorf("%+v", u)
			}
			if _, err := json.Marshal(u); err != nil {
				t.Error(err)
			}
		}
	})
}
