-- What enters a comparison, of each organisation and exercice, or why it does not: figures, and what they are divided by. A figure
-- enters where it was computed and is complete; what is hidden, missing, partial or of another definition never does.
create temporary table chiffres as
with lus as (
    -- what a figure counts, not from which tools of an organisation
    select *, split_part(formule, ' Sources :', 1) as definition
    from rapport.chiffres
),

definitions as (
    select
        code,
        exercice,
        definition,
        row_number() over (partition by code, exercice order by count(*) desc nulls last, definition nulls last) as rang
    from lus
    group by code, exercice, definition
)

select
    lus.siren_organisation,
    lus.exercice,
    lus.code,
    lus.valeur,
    case
        when lus.code_manquant = 's' then 'couvert par le secret statistique'
        when lus.valeur is null then 'manquant'
        when lus.statut is distinct from 'calculé' then 'repris d’un rapport imprimé'
        when lus.etat is distinct from 'complet' then 'partiel'
        when lus.definition is distinct from definitions.definition then 'défini autrement'
    end as motif
from lus
inner join definitions
    on lus.code = definitions.code and lus.exercice = definitions.exercice and definitions.rang = 1;

create temporary table diviseurs as
select
    denominateurs.denominateur,
    denominateurs.siren_organisation,
    exercices.exercice,
    denominateurs.valeur,
    case when denominateurs.valeur is null then 'manquant' end as motif
from denominateurs
inner join (select distinct siren_organisation, exercice from rapport.chiffres) as exercices
    on denominateurs.siren_organisation = exercices.siren_organisation
    and (denominateurs.exercice = exercices.exercice or denominateurs.exercice is null)
where denominateurs.code_chiffre is null
union all
select
    denominateurs.denominateur,
    chiffres.siren_organisation,
    chiffres.exercice,
    chiffres.valeur,
    chiffres.motif
from denominateurs
inner join chiffres on denominateurs.code_chiffre = chiffres.code;
