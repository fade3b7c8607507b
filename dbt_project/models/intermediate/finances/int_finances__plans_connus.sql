-- The official plans of accounts that are known: which form of which nomenclature, and for which exercices.
select distinct
    morceaux.morceau as declinaison,
    regexp_replace(morceaux.morceau, '_.*$', '') as famille,
    chapitres.exercice_debut,
    chapitres.exercice_fin
from {{ source('reference', 'plan_comptes_chapitres') }} as chapitres
{{ morceaux('chapitres.declinaisons', ' ') }}
