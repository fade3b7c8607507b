-- What was printed or declared, against what is computed.
select
    {{ constat(
        'PUB-ECART', ou='publies.code_chiffre', exercice='publies.exercice',
        sujet='coalesce(chiffres.libelle, publies.code_chiffre)', attendu='publies.valeur_recalculee',
        recu='publies.valeur_publiee', ecart='publies.ecart',
        valeurs={'texte': 'publies.texte_publie', 'unite': 'chiffres.unite'}
    ) }}
from {{ ref('rpt_rapprochement_publie') }} as publies
left join {{ ref('chiffres') }} as chiffres on publies.code_chiffre = chiffres.code and publies.exercice = chiffres.exercice
where publies.statut_rapprochement = 'écart'
union all
select
    {{ constat(
        'ABS-CONTREDITE', ou='code_chiffre', sujet="code_chiffre || ' en ' || cast(exercice as string)", attendu='code_manquant', recu='valeur'
    ) }}
from {{ ref('rpt_absences_contredites') }}
union all
-- an absence that names no figure has no effect
select {{ constat('ABS-CHIFFRE', ou="'absences/absences'", sujet='code_chiffre', recu='code_chiffre', cle='code_chiffre') }}
from {{ ref('fct_absences_declarees') }}
where
    code_chiffre not in (
        select code from {{ ref('chiffres') }}
    )
