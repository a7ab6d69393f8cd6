package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func newRBAC() *cobra.Command {
	var probe, helm, gcp bool
	cmd := &cobra.Command{
		Use:   "rbac",
		Short: "Print what a full check must be granted: a ClusterRole, or a role of IAM",
		Long: `Prints the ClusterRole whose rules are exactly what the facts need, as YAML; with
--gcp the custom role of IAM for the GKE API and the other Google APIs, with what
each permission is for and which checks are undecided without it, so that you can
leave some out. Both are needed: Kubernetes' own objects are read by the ClusterRole.

Reading is all that is granted, and beside it what asking webhooks from outside
the cluster takes: services/proxy to put the question to the backend, and
pods/portforward to see the certificate of each of its Pods. --probe=false leaves
those out; without one of them, what it would have shown stays undecided. --helm
adds list on Secrets, which check --helm needs: it can't be granted for those of
Helm alone, so leave it out unless you want that. Objects of
the kinds that policies take their parameters from are read too where they can
be: grant list on those kinds beside it. To try the conversion of custom resources
one object of each kind is read: grant get and list on those too.

A server-side dry-run needs the verbs of the write it tries, which RBAC does not tell
from the write itself; for ClusterRoles that is as much as cluster-admin. No role for
it is printed: it is left out where the verbs are missing. Who may impersonate
system:apiserver, which is a member of system:masters, has dry-runs made as that: no
role for it is printed, either. An access review asks for each of these rights first;
--impersonate never, which nightly has from the start, does not use the latter.`,
		Example: `  gke-preflight rbac | kubectl apply -f -
  kubectl create clusterrolebinding gke-preflight --clusterrole gke-preflight --user nightly@my-project.iam.gserviceaccount.com

  # And in Google Cloud
  gke-preflight rbac --gcp > role.yaml
  gcloud iam roles create gkePreflight --project my-project --file role.yaml
  gcloud projects add-iam-policy-binding my-project --role projects/my-project/roles/gkePreflight --member serviceAccount:nightly@my-project.iam.gserviceaccount.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if gcp {
				return writeIAMRole(cmd.OutOrStdout())
			}
			role := rbacv1.ClusterRole{
				TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
				ObjectMeta: metav1.ObjectMeta{Name: "gke-preflight"},
				Rules:      readRules(helm),
			}
			if probe {
				role.Rules = append(role.Rules,
					rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"services/proxy"}, Verbs: []string{"create"}},
					rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/portforward"}, Verbs: []string{"create", "get"}})
			}
			b, err := yaml.Marshal(role)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), string(b))
			return err
		},
	}
	cmd.Flags().BoolVar(&probe, "probe", true, "grant services/proxy and pods/portforward, to ask webhooks from outside the cluster")
	cmd.Flags().BoolVar(&helm, "helm", false, "grant list on Secrets, to look at Helm releases (check --helm)")
	cmd.Flags().BoolVar(&gcp, "gcp", false, "print the role of IAM instead, for gcloud iam roles create")
	cmd.MarkFlagsMutuallyExclusive("gcp", "probe")
	cmd.MarkFlagsMutuallyExclusive("gcp", "helm")
	return cmd
}

// readRules joins the rules of all facts, those of Helm releases only if asked
// for: one rule for each API group, verb and set of names, with the resources in
// order.
func readRules(helm bool) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, f := range facts.All() {
		if f.ID() == facts.HelmReleases.ID() && !helm {
			continue
		}
		for _, r := range f.Access().Rules {
			i := slices.IndexFunc(rules, func(o rbacv1.PolicyRule) bool {
				return slices.Equal(o.APIGroups, r.APIGroups) && slices.Equal(o.Verbs, r.Verbs) &&
					slices.Equal(o.ResourceNames, r.ResourceNames) && (len(o.NonResourceURLs) > 0) == (len(r.NonResourceURLs) > 0)
			})
			if i < 0 {
				rules = append(rules, *r.DeepCopy())
				continue
			}
			rules[i].Resources = union(rules[i].Resources, r.Resources)
			rules[i].NonResourceURLs = union(rules[i].NonResourceURLs, r.NonResourceURLs)
		}
	}
	slices.SortStableFunc(rules, func(a, b rbacv1.PolicyRule) int {
		return strings.Compare(strings.Join(a.APIGroups, ","), strings.Join(b.APIGroups, ","))
	})
	return rules
}

func union(a, b []string) []string {
	c := append(slices.Clone(a), b...)
	slices.Sort(c)
	return slices.Compact(c)
}
