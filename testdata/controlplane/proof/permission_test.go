package proof

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestPermissions gives the tool less and less, on a cluster where nothing is
// wrong: with the rules that it asks for it knows, and with any fewer it says
// what it does not know.
func TestPermissions(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := tool(rig.Tool(t))
	c := start(t)
	stage(t, c, scenario{webhook: []adjust{timeout(5)}})
	if _, err := c.StartKubelet(t.Context(), "node-1"); err != nil {
		t.Fatal(err)
	}
	asked := rules(t, tool)

	t.Run("as rbac says", func(t *testing.T) {
		r := tool.check(t, as(t, c, "full", asked), "--vantage", "pod-network")
		if r.Verdict != preflight.Ready {
			t.Errorf("the verdict is %s; open: %v", r.Verdict, r.Open)
		}
		for _, f := range r.Facts {
			if !f.Present && f.Reason != facts.LeftOut {
				t.Errorf("%s is absent: %s", f.ID, f.Absence)
			}
		}
		if r.Identity != "full" {
			t.Errorf("the identity is %q", r.Identity)
		}
		nothingRefused(t, c, "full")
	})
	t.Run("as rbac says, from outside", func(t *testing.T) {
		r := tool.check(t, as(t, c, "outside", asked))
		if r.Verdict != preflight.Ready {
			t.Errorf("the verdict is %s; open: %v", r.Verdict, r.Open)
		}
		nothingRefused(t, c, "outside")
	})
	t.Run("from outside, without port-forwards", func(t *testing.T) {
		less := as(t, c, "unforwarded", without(asked, "pods/portforward"))
		inconclusive(t, tool.check(t, less), "pods/portforward")
		inconclusive(t, tool.check(t, as(t, c, "unasked", asked), "--port-forward", "never"), "certificate")
	})
	t.Run("all but one kind", func(t *testing.T) {
		r := tool.check(t, as(t, c, "less", without(asked, "clusterroles")), "--vantage", "pod-network")
		inconclusive(t, r, "cluster-roles")
	})
	t.Run("nothing at all", func(t *testing.T) {
		r := tool.check(t, as(t, c, "nobody", nil))
		inconclusive(t, r, "validating-webhooks")
	})
}

// nothingRefused reads the audit log of the API server that runs: a user with what rbac
// prints, who may impersonate nobody, has sent nothing that was refused, and so wakes
// nobody who watches that log. What the user may do was asked for first.
func nothingRefused(t *testing.T, c *rig.Cluster, user string) {
	t.Helper()
	events, err := c.First.Audit()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, e := range events {
		if e.User.Username != user {
			continue
		}
		asked[e.Verb]++
		if e.ImpersonatedUser != nil {
			t.Errorf("impersonates %s: %s %s", e.ImpersonatedUser.Username, e.Verb, e.RequestURI)
		}
		if e.ResponseStatus != nil && e.ResponseStatus.Code == http.StatusForbidden {
			t.Errorf("was refused: %s %s: %s", e.Verb, e.RequestURI, e.ResponseStatus.Message)
		}
		if e.Verb == "create" && e.ObjectRef != nil && e.ObjectRef.Resource == "selfsubjectaccessreviews" && strings.Contains(string(e.RequestObject.Raw), `"impersonate"`) {
			asked["whether it may impersonate"]++
		}
	}
	if asked["list"] < 10 || asked["whether it may impersonate"] == 0 {
		t.Errorf("the audit log shows too little of the tool to prove anything: %v", asked)
	}
}

// inconclusive requires that the report says so, and names what it was blind to.
func inconclusive(t *testing.T, r preflight.Report, named string) {
	t.Helper()
	if r.Verdict != preflight.Inconclusive {
		t.Errorf("the verdict is %s", r.Verdict)
	}
	says := func(s string) bool { return strings.Contains(s, named) }
	if !slices.ContainsFunc(r.Checks, func(c preflight.CheckStatus) bool {
		return c.Status == preflight.Undecided && c.Severity == preflight.Blocker && says(c.Reason)
	}) {
		t.Errorf("no undecided check that could block names %s: %+v", named, r.Checks)
	}
}

// rules are those that the tool itself asks for.
func rules(t *testing.T, x tool) []rbacv1.PolicyRule {
	t.Helper()
	out, err := exec.Command(string(x), "rbac").Output()
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(out, &role); err != nil {
		t.Fatal(err)
	}
	return role.Rules
}

func without(rules []rbacv1.PolicyRule, resource string) []rbacv1.PolicyRule {
	var less []rbacv1.PolicyRule
	for _, r := range rules {
		r.Resources = slices.DeleteFunc(slices.Clone(r.Resources), func(s string) bool { return s == resource })
		if len(r.Resources)+len(r.NonResourceURLs) > 0 {
			less = append(less, r)
		}
	}
	return less
}

// as grants the rules to a new user and returns its kubeconfig.
func as(t *testing.T, c *rig.Cluster, user string, rules []rbacv1.PolicyRule) string {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "preflight-" + user}
	client := c.Client.RbacV1()
	if _, err := client.ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	if _, err := client.ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cfg, err := c.ConfigFor(c.First, user)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := c.WriteKubeconfig(file, cfg); err != nil {
		t.Fatal(err)
	}
	return file
}
