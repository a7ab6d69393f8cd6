package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/plan"
)

const attributesIntro = `# terraform-attributes

What of a google_container_cluster and a google_container_node_pool counts as an
upgrade where a [plan](terraform.md) changes it: whatever makes GKE start kube-apiservers
anew counts for the control plane, for the start that can go wrong is the same; whatever
makes it replace nodes counts for nodes.

| known | by |
|---|---|
| recorded | GKE's own answer to such a change, which was published |
| documented | the documentation of GKE, of its API, or of the provider |
| inferred | how Kubernetes works, or what the API says of such operations in general; nobody says it of this attribute |

What is inferred counts all the same: a check too many costs a minute. An attribute that
stands nowhere on this page, as a newer provider may have, counts for the control plane,
or in a node pool for nodes, and the plan says so. A cluster or a node pool that is
deleted, or made anew, counts whatever the reason.

The attributes are those of the providers google and google-beta, 7.45, and of older
releases. This page is generated from what the program knows.
`

// TestAttributesPage generates terraform-attributes.md from what the program knows.
func TestAttributesPage(t *testing.T) {
	got := docs.WithContents(attributesPage())
	if *update {
		if err := os.WriteFile("terraform-attributes.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, _ := docs.Page("terraform-attributes")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("terraform-attributes.md is out of date, run go test ./docs -run TestAttributesPage -update (- committed, + now):\n%s", d)
	}
}

func attributesPage() string {
	var b strings.Builder
	b.WriteString(attributesIntro)
	for _, k := range plan.Known() {
		fmt.Fprintf(&b, "\n## %s\n\n| attribute | what starts anew | known | from |\n|---|---|---|---|\n", k.Type)
		for _, a := range k.Counts {
			kinds := make([]string, len(a.Kinds))
			for i, kind := range a.Kinds {
				kinds[i] = string(kind)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.Path, strings.Join(kinds, ", "), a.Basis, a.Source)
		}
		b.WriteString("\nWhat does not count:\n\n")
		for _, q := range k.Quiet {
			fmt.Fprintf(&b, "- %s: %s\n", q.Why, strings.Join(q.Paths, ", "))
		}
	}
	return b.String()
}
