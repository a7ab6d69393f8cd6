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
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

func newRBAC() *cobra.Command {
	var probe, helm, gcp bool
	cmd := &cobra.Command{
		Use:   "rbac",
		Short: "Print what a full check must be granted: a ClusterRole, or a role of IAM",
		Long: `Prints a ClusterRole of exactly what the facts need; with --gcp the custom role of
IAM for Google's APIs, with what each permission is for and which checks are undecided
without it, so that you can leave some out. A full check needs both.

  services/proxy       puts the question to a webhook's backend from outside the cluster
  pods/portforward     shows the certificate of each of its Pods
  list on ReplicaSets, Jobs, CSINodes, VolumeAttachments
                       shows webhooks what they would see; nothing of it is kept
  list on Secrets      only with --helm; it can't be granted for Helm's alone

All else is reading. --probe=false leaves the first two out: what they would have shown
stays undecided then. Not printed, since it differs by cluster or says too much:

  parameters of policies, custom resources    grant get and list on those kinds
  server-side dry-runs     RBAC can't tell one from the write itself; for ClusterRoles that
                           is as much as cluster-admin
  impersonate system:apiserver                a member of system:masters

Each of the last two is used where an access review says that you may, and left out
elsewhere; --impersonate never, as in the nightly job, does without.`,
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
				Rules:      joined(append(readRules(helm), objectRules()...)),
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
// for.
func readRules(helm bool) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, f := range facts.All() {
		if helm || !facts.ReadsSecrets(f) {
			rules = append(rules, f.Access().Rules...)
		}
	}
	return joined(rules)
}

// objectRules let the objects be read that questions to webhooks are made from.
func objectRules() (rules []rbacv1.PolicyRule) {
	for _, r := range lifeline.Readable() {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{r.Resource}, Verbs: []string{"list"}})
	}
	return rules
}

// joined has one rule for each API group, verb and set of names.
func joined(all []rbacv1.PolicyRule) (rules []rbacv1.PolicyRule) {
	for _, r := range all {
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
