package lifeline

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestShipped: a webhook that goes by the name or the group of a definition which comes with
// GKE sees that one, and may see one that the cluster does not have yet; which of users' own
// it goes by is nothing to the add-on manager.
func TestShipped(t *testing.T) {
	none := facts.Present(facts.CustomResources, []facts.CustomResource{})
	several := facts.Present(facts.CustomResources, []facts.CustomResource{{Name: "backendconfigs.cloud.google.com"}, {Name: "frontendconfigs.networking.gke.io"}, {Name: "things.example.com"}})
	const update, create = admissionregistrationv1.Update, admissionregistrationv1.Create
	for _, c := range []struct {
		name       string
		there      facts.Observation
		operation  admissionregistrationv1.OperationType
		expression string
		// seen is the definition that is known to be sent, undecided one that may be.
		seen, undecided string
	}{
		{"one of several, by name", several, update, "request.name == 'frontendconfigs.networking.gke.io'", "frontendconfigs.networking.gke.io", "any-definition.any-group.gke.io"},
		{"one of several, by group", several, update, "object.spec.group == 'networking.gke.io'", "frontendconfigs.networking.gke.io", "any-definition.any-group.gke.io"},
		{"none of that name yet", none, update, "request.name.endsWith('networking.gke.io')", "", "any-definition.any-group.gke.io"},
		{"one that is made, by name", several, create, "request.name.endsWith('networking.gke.io')", "", "any-definition.any-group.gke.io"},
		{"whatever is made", none, create, "true", "any-definition.any-group.gke.io", ""},
		{"what the add-on manager makes", none, create, "request.userInfo.username == 'system:addon-manager'", "any-definition.any-group.gke.io", ""},
		{"a user's own", several, update, "object.spec.group == 'example.com' || request.name == 'things.example.com'", "", ""},
		{"whatever others make", none, create, "request.userInfo.username != 'system:addon-manager'", "", ""},
	} {
		hook := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "h.example.com", MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "c", Expression: c.expression}},
			Rules: []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{c.operation},
				Rule: admissionregistrationv1.Rule{APIGroups: []string{definition.resource.Group}, APIVersions: []string{"v1"}, Resources: []string{definition.resource.Resource}}}},
		}}}
		s := cluster("1.36.3", c.there, facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{hook}))
		var seen, undecided []string
		for _, w := range line(t, s, Definitions).Writes {
			for _, by := range admission.For(s).Match(w) {
				if by.Undecided != "" {
					undecided = append(undecided, w.Name)
				} else {
					seen = append(seen, w.Name)
				}
			}
		}
		if strings.Join(seen, " ") != c.seen || strings.Join(undecided, " ") != c.undecided {
			t.Errorf("%s: %v are seen and %v undecided, want %q and %q", c.name, seen, undecided, c.seen, c.undecided)
		}
	}
}

// TestBroughtIsNoSample: what a new version brings is no object that could be read, so that
// what is there neither decides for it nor against it.
func TestBroughtIsNoSample(t *testing.T) {
	for _, op := range []bootstrap.Operation{bootstrap.Create, bootstrap.Update} {
		if w := brought(op); len(w.From) > 0 || !w.Unnamed || !w.Sketch {
			t.Errorf("%s stands for what is there: %+v", op, w)
		}
	}
}
