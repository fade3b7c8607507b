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
        'ABS-CONTREDITE', ou='chiffres.code', exercice='chiffres.exercice', attendu='chiffres.code_manquant', recu='chiffres.valeur_ecartee',
        sujet="chiffres.code || ' en ' || cast(chiffres.exercice as string)"
    ) }}
from {{ ref('chiffres') }} as chiffres
inner join {{ ref('fct_absences_declarees') }} as absences
    on chiffres.code = absences.code_chiffre and chiffres.exercice = absences.exercice
where chiffres.valeur_ecartee is not null
union all
-- an absence that names no figure has no effect
select {{ constat('ABS-CHIFFRE', ou="'absences/absences'", sujet='code_chiffre', recu='code_chiffre', cle='code_chiffre') }}
from {{ ref('fct_absences_declarees') }}
where
    code_chiffre not in (
        select code from {{ ref('chiffres') }}
    )
