package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// manyOf is a plan of several changes, each a type, an address and a change.
func manyOf(changes ...[3]string) []byte {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = `{"mode": "managed", "type": "` + c[0] + `", "address": "` + c[1] + `", "change": ` + c[2] + `}`
	}
	return []byte(`{"format_version": "1.2", "resource_changes": [` + strings.Join(all, ", ") + `]}`)
}

const ofProd = `"project": "shop", "location": "europe-west1", "cluster": "prod", `

// TestPoolsGo holds what counts of node pools that are deleted against what is made
// beside them, and against the deletion of their cluster.
func TestPoolsGo(t *testing.T) {
	gone := [3]string{nodePoolType, "old", `{"actions": ["delete"], "before": {` + ofProd + `"name": "a"}}`}
	for _, c := range []struct {
		name    string
		changes [][3]string
		want    string
	}{
		{"a pool goes", [][3]string{gone}, "old: the node pool is deleted: what runs there starts anew elsewhere"},
		{"it is made again under another address",
			[][3]string{gone, {nodePoolType, "new", `{"actions": ["create"], "after": {"cluster": "https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/prod", "name": "a", "version": "1.36"}}`}},
			"old: the node pool is deleted: what runs there starts anew elsewhere; new makes node pool a in the same cluster"},
		{"another cluster gets a pool",
			[][3]string{gone, {nodePoolType, "new", `{"actions": ["create"], "after": {"project": "shop", "location": "europe-west4", "cluster": "prod", "name": "a"}}`}},
			"old: the node pool is deleted: what runs there starts anew elsewhere"},
		{"its cluster goes too", [][3]string{gone, {clusterType, "c", `{"actions": ["delete"], "before": {` + prod + `}}`}}, "c: the cluster is deleted, with all that runs on it"},
		{"the provider deletes neither", [][3]string{
			{nodePoolType, "old", `{"actions": ["delete"], "before": {"deletion_policy": "ABANDON", "name": "a"}}`},
			{clusterType, "c", `{"actions": ["delete"], "before": {"deletion_policy": "ABANDON", ` + prod + `}}`}}, ""},
		{"the provider refuses", [][3]string{{clusterType, "c", `{"actions": ["delete"], "before": {"deletion_protection": true, ` + prod + `}}`}},
			"c: the cluster is deleted, with all that runs on it; the provider refuses that, as deletion_protection is on"},
		{"the provider refuses by its policy", [][3]string{{clusterType, "c", `{"actions": ["delete", "create"], "before": {"deletion_policy": "PREVENT", ` + prod + `}}`}},
			"c: the cluster is deleted, with all that runs on it, and made anew; the provider refuses that, as deletion_policy is PREVENT"},
		{"the default pool goes", [][3]string{{clusterType, "c", `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "remove_default_node_pool": true}}`}},
			"c: remove_default_node_pool true: default-pool is deleted, and what runs there starts anew elsewhere"},
		{"a pool within the cluster goes", [][3]string{{clusterType, "c", `{"actions": ["update"], "before": {` + prod + `, "node_pool": [{"name": "a"}, {"name": "b"}]}, "after": {` + prod + `, "node_pool": [{"name": "b"}]}}`}},
			"c: node pool a is deleted: what runs there starts anew elsewhere"},
		{"Terraform forgets them", [][3]string{{clusterType, "c", `{"actions": ["forget"], "before": {` + prod + `}}`}}, ""},
		{"a plan that does not tell the change", [][3]string{{clusterType, "c", `null`}}, "c: the plan does not tell the change"},
	} {
		got, err := Read(manyOf(c.changes...))
		var words []string
		for _, u := range got {
			words = append(words, u.Address+": "+strings.Join(u.Changes, "; "))
		}
		if text := strings.Join(words, "\n"); err != nil || text != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, text, err, c.want)
		}
	}
}

// What an earlier apply left over is as real as the rest.
func TestDeposed(t *testing.T) {
	got, err := Read([]byte(`{"format_version": "1.2", "resource_changes": [{"address": "c", "mode": "managed", "type": "google_container_cluster", "deposed": "abcd", "change": {"actions": ["delete"], "before": {` + prod + `}}}]}`))
	if err != nil || len(got) != 1 || !got[0].ends() || !strings.Contains(got[0].Changes[0], "deposed") {
		t.Errorf("%+v, %v", got, err)
	}
}

// Deleting a cluster takes the same consent as making it anew.
func TestDeletionNeedsConsent(t *testing.T) {
	for _, actions := range []string{`["delete"]`, `["delete", "create"]`} {
		all, err := Read(planOf(clusterType, `{"actions": `+actions+`, "before": {`+prod+`}}`))
		if err != nil || len(Clusters(all)) != 0 {
			t.Fatalf("%s: %v, %v", actions, all, err)
		}
		if o := Judge(all, nil, false); o.Verdict != preflight.NotReady || !strings.Contains(o.Resources[0].Why, "--accept-recreation") {
			t.Errorf("%s: %+v", actions, o)
		}
		if o := Judge(all, nil, true); o.Verdict != preflight.Ready {
			t.Errorf("%s, accepted: %+v", actions, o)
		}
	}
}

// TestPoolsBesideControlPlane holds what is said of a node pool's version against what
// the same plan does to its control plane.
func TestPoolsBesideControlPlane(t *testing.T) {
	pool := [3]string{nodePoolType, "pool", `{"actions": ["update"], "before": {` + ofProd + `"name": "a", "version": "1.35"}, "after": {` + ofProd + `"name": "a", "version": "1.36"}}`}
	cluster := func(after, unknown string) [3]string {
		return [3]string{clusterType, "cluster", `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + after + `}, "after_unknown": {` + unknown + `}}`}
	}
	for name, c := range map[string]struct {
		cluster       [3]string
		unknown       bool
		before, alone bool
	}{
		"it is upgraded first":              {cluster: cluster(`, "min_master_version": "1.36"`, "")},
		"to what is only known after apply": {cluster: cluster("", `"min_master_version": true`), unknown: true},
		"it is moved to another channel":    {cluster: cluster(`, "release_channel": [{"channel": "RAPID"}]`, ""), before: true},
		"to one known after apply":          {cluster: cluster("", `"release_channel": true`), unknown: true},
		"it starts anew as it is":           {cluster: cluster(`, "enable_legacy_abac": true`, "")},
		"it is left alone":                  {cluster: cluster(`, "description": "x"`, ""), alone: true},
	} {
		all, err := Read(manyOf(c.cluster, pool))
		if err != nil || len(all) == 0 {
			t.Fatal(name, err)
		}
		u := all[len(all)-1]
		if (u.Unknown != nil) != c.unknown || u.Pools[0].BeforeControlPlane != c.before {
			t.Errorf("%s: %+v", name, u)
		}
		if found := Clusters(all); !c.unknown && (len(found) != 1 || found[0].ControlPlane == c.alone) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// A pool that the plan changes must be there already; one that it makes must not.
func TestPoolsThatMustBeThere(t *testing.T) {
	image := func(name string) string {
		return `{"actions": ["update"], "before": {` + ofProd + `"name": "` + name + `"}, "after": {` + ofProd + `"name": "` + name + `", "node_config": [{"image_type": "COS"}]}}`
	}
	made := [3]string{nodePoolType, "new", `{"actions": ["create"], "after": {` + ofProd + `"name": "new", "version": "1.36"}}`}
	for name, c := range map[string]struct {
		changes [][3]string
		want    []string
	}{
		"two are changed":                 {[][3]string{{nodePoolType, "b", image("b")}, {nodePoolType, "a", image("a")}}, []string{"a", "b"}},
		"one is changed, another is made": {[][3]string{{nodePoolType, "a", image("a")}, made}, []string{"a"}},
		"one goes, another is made":       {[][3]string{{nodePoolType, "a", `{"actions": ["delete"], "before": {` + ofProd + `"name": "a"}}`}, made}, []string{"a"}},
		"one within the cluster is changed, another is made there": {[][3]string{{clusterType, "c",
			`{"actions": ["update"], "before": {` + prod + `, "node_pool": [{"name": "a", "version": "1.35"}]}, "after": {` + prod + `, "node_pool": [{"name": "a", "version": "1.36"}, {"name": "new", "version": "1.36"}]}}`}}, []string{"a"}},
		"the control plane alone": {[][3]string{{clusterType, "c", `{"actions": ["update"], "before": {` + prod + `}, "after": {` + prod + `, "min_master_version": "1.36"}}`}}, nil},
	} {
		all, err := Read(manyOf(c.changes...))
		if found := Clusters(all); err != nil || len(found) != 1 || !slices.Equal(found[0].Upgraded, c.want) {
			t.Errorf("%s: %+v, %v, want %v", name, found, err, c.want)
		}
	}
	if all, err := Read(manyOf(made)); err != nil || len(Clusters(all)) > 0 {
		t.Errorf("a plan that makes a pool upgrades %+v, %v", all, err)
	}
}

// TestClusterIsNamed reads the cluster from each form that a node pool may name it in.
func TestClusterIsNamed(t *testing.T) {
	for _, before := range []string{
		`"project": "shop", "location": "europe-west1", "cluster": "prod"`,
		`"cluster": "projects/shop/locations/europe-west1/clusters/prod"`,
		`"cluster": "https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/prod"`,
		`"cluster": "https://container.googleapis.com/v1beta1/projects/shop/zones/europe-west1/clusters/prod", "location": "other"`,
		`"cluster": "prod", "id": "projects/shop/locations/europe-west1/clusters/prod/nodePools/a"`,
	} {
		got, err := Read(planOf(nodePoolType, `{"actions": ["update"], "before": {`+before+`, "name": "a", "version": "1"}, "after": {`+before+`, "name": "a", "version": "2"}}`))
		if err != nil || len(got) != 1 || got[0].cluster() != "shop/europe-west1/prod" || got[0].Unknown != nil {
			t.Errorf("%s: %+v, %v", before, got, err)
		}
	}
}
