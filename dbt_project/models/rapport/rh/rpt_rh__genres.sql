-- Women and men among the permanent agents, within each statut.
{{ deux_reponses(
    ref('fct_effectifs'), "sexe = 'F'", ('F', 'Femmes'), ('M', 'Hommes'), code='sexe', libelle='libelle_sexe'
) }}
